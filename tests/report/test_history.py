"""Curves read back from metrics.csv."""

import numpy as np

from zoo.report.curves import curves
from zoo.report.history import Mark, read_history

HEAD = "epoch,phase,train/x,train/x.share,train/ce,train/ce.share,val/x,val/head.correct,val/head.total,val/r2"


def written(path, phases):
    rows = [f"{e},{phase},{1 / (e + 1)},0.9,2,0.1,{1 / (e + 1)},{e},10,{'' if e == 0 else 0.5}" for e, phase in phases]
    path.write_text("\n".join([HEAD, *rows]))
    return read_history(path)


def test_phases_are_marked_where_they_start(tmp_path):
    history = written(tmp_path / "m.csv", enumerate("aabbba"))
    assert history.marks() == [Mark(0, "a"), Mark(2, "b"), Mark(5, "a")]


def test_alternating_phases_are_marked_once(tmp_path):
    history = written(tmp_path / "m.csv", enumerate("ab" * 20 + "c"))
    assert history.marks() == [Mark(0, "a"), Mark(1, "b"), Mark(40, "c")]


def test_accuracies_are_counts_over_totals_and_gaps_stay_gaps(tmp_path):
    history = written(tmp_path / "m.csv", enumerate("aaa"))
    np.testing.assert_allclose(history.accuracies()["head, validation"], [0, 0.1, 0.2])
    np.testing.assert_array_equal(np.isnan(history.columns["val/r2"]), [True, False, False])
    assert history.terms() == ["x", "ce"]


def test_a_single_epoch_and_unusual_phase_names_are_drawn(tmp_path):
    history = written(tmp_path / "m.csv", [(0, "cost $x$ <b>")])
    drawn = {picture.name: picture for picture in curves(history)}
    assert {"losses", "loss-shares", "accuracies"} <= drawn.keys()
    assert all(picture.drawn("png").startswith(b"\x89PNG") for picture in drawn.values())


def test_without_metrics_there_is_no_history(tmp_path):
    assert read_history(tmp_path / "none.csv") is None
    (tmp_path / "m.csv").write_text(HEAD + "\n")
    assert read_history(tmp_path / "m.csv") is None


def test_every_curve_is_marked_where_a_phase_starts(tmp_path):
    """Also curves of gradients, which have gaps in alternating phases."""
    names = [*HEAD.split(","), "val/codebook.used", "train/quantization_error", "grad/x/encoder", "grad/ce/head"]
    rows = [dict.fromkeys(names, 0.5) | {"epoch": e, "phase": p} for e, p in enumerate("aabba")]
    for row in rows:
        row["grad/ce/head" if row["phase"] == "a" else "grad/x/encoder"] = ""
    lines = [",".join(str(row[name]) for name in names) for row in rows]
    (tmp_path / "m.csv").write_text("\n".join([",".join(names), *lines]))
    history = read_history(tmp_path / "m.csv")
    pictures = {picture.name: picture for picture in curves(history)}
    assert pictures.keys() == {
        "losses", "loss-shares", "gradients", "accuracies", "r2", "quantization", "code-usage",
    }  # fmt: skip
    for name, picture in pictures.items():
        assert picture.drawn("png")
        for axis in picture.figure.axes:
            upright = {x for line in axis.lines if len(set(line.get_xdata())) == 1 for x in line.get_xdata()}
            assert not axis.get_visible() or upright >= {1.5, 3.5}, name
    encoder, head = pictures["gradients"].figure.axes[:2]
    assert [[list(line.get_xdata()) for line in axis.lines][:2] for axis in (encoder, head)] == [
        [[0, 1, 4], []],
        [[], [2, 3]],
    ]
