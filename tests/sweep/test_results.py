"""Tables of a sweep: the Pareto front, means and deviations, and pictures."""

import csv
import io
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.runs.compare import spread
from zoo.sweep.pictures import pareto, pictures, varied
from zoo.sweep.results import PointResult, RunResult, SweepResult, ranked, table

OBJECTIVES = {"accuracy": True, "mse": False}
VALUES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9)


def point(number, accuracy=None, mse=None, **facts):
    runs, values = [], {}
    if accuracy is not None:
        pairs = [(accuracy, mse)] if not isinstance(accuracy, list) else list(zip(accuracy, mse, strict=True))
        runs = [
            RunResult(seed=seed, folder=f"{number}-{seed}", values={"accuracy": a, "mse": m}, windows=8,
                      fingerprint="f", seconds=1.5)
            for seed, (a, m) in enumerate(pairs)
        ]  # fmt: skip
        values = {name: spread([run.values[name] for run in runs]) for name in OBJECTIVES}
    made = {
        "number": number, "state": "done" if runs else "failed", "label": f"z {number}", "settings": {"z": str(number)},
        "numbers": {"z": float(number)}, "finer": False, "values": values, "runs": runs, "tries": 1, "worker": "w",
        "reason": "",
    }  # fmt: skip
    return PointResult(**(made | facts))


def result(points, seeds=(0,)):
    found = ranked(points, OBJECTIVES)
    done = [p for p in found if p.values]
    best = {"accuracy": done[0].number, "mse": done[0].number} if done else {}
    return SweepResult(name="s", fingerprint="f", storage="sqlite:///s", total=len(points), seeds=list(seeds),
                       objectives=OBJECTIVES, points=found, best=best, notes=[])  # fmt: skip


@given(VALUES)
def test_a_point_is_on_the_front_if_none_dominates_it(values):
    points = [point(number, float(a), float(m)) for number, (a, m) in enumerate(values)]
    found = {p.number: p.front for p in ranked(points, OBJECTIVES)}
    for number, (a, m) in enumerate(values):
        beaten = any(b >= a and e <= m and (b, e) != (a, m) for b, e in values)
        assert found[number] == (not beaten)


@given(VALUES)
def test_points_on_the_front_come_first_then_by_the_first_objective(values):
    points = [point(number, float(a), float(m)) for number, (a, m) in enumerate(values)]
    order = ranked([*points, point(99)], OBJECTIVES)
    assert order[-1].number == 99
    keys = [(not p.front, -p.values["accuracy"].mean) for p in order[:-1]]
    assert keys == sorted(keys)


def test_the_table_has_a_row_per_point_with_every_seed():
    accuracies = [0.25, 0.5, 1.0]
    found = result([point(1, accuracies, [3.0, 2.0, 1.0]), point(0, reason='broke, "badly"')], seeds=(0, 1, 2))
    rows = list(csv.DictReader(io.StringIO(table(found))))
    assert [row["number"] for row in rows] == ["0", "1"]
    assert rows[0]["reason"] == 'broke, "badly"'
    assert rows[0]["accuracy.mean"] == ""
    assert float(rows[1]["accuracy.mean"]) == pytest.approx(statistics.fmean(accuracies))
    assert float(rows[1]["accuracy.deviation"]) == pytest.approx(statistics.stdev(accuracies))
    assert [float(rows[1][f"accuracy.seed{seed}"]) for seed in range(3)] == accuracies
    assert float(rows[1]["seconds"]) == 4.5


def test_one_seed_has_no_deviation():
    assert spread([2.0]).deviation is None
    assert math.isclose(spread([1.0, 3.0]).deviation, math.sqrt(2))


def test_pictures_show_every_point_and_mark_the_front():
    points = [point(n, [a, a + 0.1], [m, m + 1]) for n, a, m in ((1, 0.2, 5.0), (10, 0.6, 3.0), (100, 0.5, 9.0))]
    found = result(points, seeds=(0, 1))
    drawn = pareto(found)
    assert "010 (z 10)" in drawn.alt
    assert "100" not in drawn.alt.split(":")[1]
    lines = varied(found).figure.axes
    assert len(lines) == 2
    assert lines[0].get_xscale() == "log"
    assert all(picture.drawn().startswith(b"\x89PNG") for picture in pictures(found))


def test_without_results_nothing_is_drawn():
    assert pictures(result([point(0)])) == []
