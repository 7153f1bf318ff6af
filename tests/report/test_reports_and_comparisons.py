"""`zoo report` and `zoo compare` on small trained runs."""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from small_reports import NAMES, stored

from zoo.cli.main import main
from zoo.codebook.stored import stored_report
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.stored import evaluation_of, stored_evaluation
from zoo.report.comparison import compare
from zoo.report.evidence import gather
from zoo.report.page import number
from zoo.report.provenance import facts
from zoo.runs.folder import RunFolder

pytestmark = pytest.mark.slow


class Tags(HTMLParser):
    """Tags with their attributes, and the text outside styles."""

    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data):
        self.text += data


def parsed(page):
    tags = Tags()
    tags.feed(page.read_text(encoding="utf-8"))
    return tags


def test_pages_request_nothing_external(pages):
    for page in pages:
        tags = parsed(page).tags
        assert {"script", "link", "iframe", "object", "img"}.isdisjoint(name for name, _ in tags)
        outside = [a for name, a in tags if name != "a" and re.match("https?:|//", a.get("src") or a.get("href") or "")]
        assert outside == []
        assert not re.search(r"@import|url\((?!#)", page.read_text())


def test_ids_are_unique_and_links_resolve(pages):
    for page in pages:
        found = parsed(page)
        assert len(found.ids) == len(set(found.ids))
        for name, attributes in found.tags:
            target = attributes.get("href", "")
            if name == "a" and target.startswith("#"):
                assert target[1:] in found.ids
            elif name == "a":
                assert (page.parent / target).is_file()


def test_names_from_the_run_are_text(pages, shapes):
    page = parsed(shapes.page)
    assert not any(name in ("script", "b") for name, _ in page.tags)
    assert NAMES[0] in page.text
    assert "first <b>part</b>" in page.text


def test_the_page_shows_the_counts_of_eval_after_the_verdict(pages, shapes):
    text, report = parsed(shapes.page).text, stored(shapes)
    for score in report["scores"]:
        assert f"{score['correct']}/{score['total']}" in text
    assert text.index("Verdict") < text.index("Scores") < text.index("fingerprint")
    assert stored(shapes)["fingerprint"] in text


def test_every_figure_is_stored_as_png_and_svg(pages, shapes):
    names = [value.removeprefix("figure-") for value in parsed(shapes.page).ids if value.startswith("figure-")]
    assert {"losses", "loss-shares", "reconstruction", "shapes", "codebook-usage", "recall-wrn"} <= set(names)
    for name in names:
        assert (shapes.figures / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in (shapes.figures / f"{name}.svg").read_bytes()
    assert shapes.page.stat().st_size < 5e6


def test_stored_scores_are_used_while_they_belong_to_these_weights(pages, shapes, tmp_path):
    folder = RunFolder(tmp_path / "copy")
    shutil.copytree(shapes.path, folder.path)
    assert stored_evaluation(folder) is not None
    assert stored_report(folder) is not None
    content = stored(folder) | {"weights": "0" * 64}
    folder.evaluation("test").write_text(json.dumps(content))
    assert stored_evaluation(folder) is None
    assert evaluation_of(open_run(folder)) == evaluation_of(open_run(shapes))
    assert stored(folder)["weights"] == stored(shapes)["weights"]
    folder.evaluation("test").write_text(json.dumps({"fingerprint": content["fingerprint"]}))
    assert stored_evaluation(folder) is None


def test_a_damaged_result_is_refused_with_the_command_that_writes_it_again(pages, shapes, tmp_path, capsys):
    folder = RunFolder(tmp_path / "copy")
    shutil.copytree(shapes.path, folder.path)
    whole = stored(folder)
    for broken in ("{", json.dumps(whole | {"scores": "many"}), json.dumps(whole | {"scores": [{"reader": "x on y"}]})):
        folder.evaluation("test").write_text(broken)
        for command in ("report", "codebook"):
            assert main([command, str(folder.path)]) == 2
            assert f"`zoo eval {folder.path}`" in capsys.readouterr().err


def test_results_of_an_earlier_version_are_read_or_measured_again(pages, shapes, tmp_path):
    folder = RunFolder(tmp_path / "old")
    shutil.copytree(shapes.path, folder.path)
    old = stored(folder)
    fit = old.pop("shape_fit")
    assert fit["tokens"] > 0
    for bucket in old["shapes_by_length"]:
        del bucket["correlation"]
    folder.evaluation("test").write_text(json.dumps(old))
    book = json.loads(folder.codebook("test").read_text())
    for name in ("fit", "definition"):
        del book[name]
    for name in ("ablations", "need", "level_mse"):
        del book["bypass"][name]
    folder.codebook("test").write_text(json.dumps(book))
    assert stored_evaluation(folder).shape_fit is None
    assert stored_report(folder) is None  # computed by another definition
    measures = {measure.name: measure.values for measure in compare(folder.path, shapes.path).measures}
    assert measures["shape fit"] == (None, fit["correlation"])
    assert measures["codebook score"][0] is None
    assert main(["report", str(folder.path)]) == 0
    assert stored_report(folder) == stored_report(shapes)


def test_the_page_names_the_present_location_of_the_data(home, pages, signal, tmp_path):
    folder, windows = RunFolder(tmp_path / "copy"), tmp_path / "elsewhere"
    shutil.copytree(signal.path, folder.path)
    shutil.copytree(home / "windows", windows)
    evidence = gather(folder, [f"data.source.path={windows}"])
    assert facts(evidence)[0] == ("data", f"data.npy {windows}")
    assert facts(gather(signal))[0] == ("data", f"data.npy {home / 'windows'}")


def test_the_page_says_what_carries_the_signal(pages, shapes):
    text = " ".join(parsed(shapes.page).text.split())
    book = json.loads(shapes.codebook("test").read_text())
    rows = book["bypass"]["ablations"]
    assert "Which part of a token carries the activity?" in text
    for row in rows:
        assert row["name"] + ("" if row["mse"] is None else number(row["mse"])) in text  # adjacent cells
    head, wrn = stored_evaluation(shapes).pairs()
    assert rows[0]["correct"] == {"head": head.raw.correct, "wrn": wrn.raw.correct}
    assert rows[1]["correct"] == {"head": head.score.correct, "wrn": wrn.score.correct}
    assert book["fit"]["correlation"] == pytest.approx(stored(shapes)["shape_fit"]["correlation"], abs=1e-6)


def test_two_runs_are_compared_on_the_same_windows(pages, shapes, reseeded):
    found = compare(shapes.path, reseeded.path)
    a, b = (stored_evaluation(folder).head for folder in (shapes, reseeded))
    assert [row.field for row in found.spec] == ["training.seed"]
    assert found.spec[0].values == (0, 1)
    assert [row.windows for row in found.classes] == [4, 4, 4]
    assert [sum(row.found[run] for row in found.classes) for run in (0, 1)] == [a.correct, b.correct]
    back = compare(reseeded.path, shapes.path)
    assert [row.found[::-1] for row in back.classes] == [row.found for row in found.classes]
    gap = abs(a.correct - b.correct)
    assert (f", {gap} more" if gap else "By the model's own head, neither run is better") in found.verdict


def test_a_run_is_not_better_than_itself(pages, shapes):
    found = compare(shapes.path, shapes.path)
    assert found.spec == []
    assert all(measure.best is None for measure in found.measures)
    assert "is better" not in found.verdict.replace("neither run is better", "")


def test_other_data_are_refused_unless_allowed(pages, home, shapes, tmp_path, capsys):
    other = RunFolder(tmp_path / "other")
    shutil.copytree(shapes.path, other.path)
    run = json.loads(other.run_file.read_text()) | {"fingerprint": "f" * 64}
    other.run_file.write_text(json.dumps(run))
    other.evaluation("test").write_text(json.dumps(stored(shapes) | {"fingerprint": "f" * 64}))
    assert main(["compare", str(shapes.path), str(other.path)]) == 2
    assert "--other-data" in capsys.readouterr().err
    assert main(["compare", str(shapes.path), str(other.path), "--other-data"]) == 0
    printed = capsys.readouterr().out
    assert "different data" in printed
    assert "Correct windows per class" not in printed


def test_compare_prints_tables_and_the_same_as_json(pages, shapes, reseeded, capsys):
    assert main(["compare", str(shapes.path), str(reseeded.path)]) == 0
    printed = capsys.readouterr().out
    assert "training.seed" in printed
    assert NAMES[0] in printed
    assert main(["compare", str(shapes.path), str(reseeded.path), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] in printed
    score = next(measure for measure in data["measures"] if measure["name"] == "accuracy, head")
    np.testing.assert_allclose(score["values"], np.divide(score["correct"], score["total"]))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["report", "{run}", "--out", "x"], "--out"),
        (["report", "{run}/nothing"], "zoo train"),
        (["report"], "runs"),
        (["compare", "{run}"], "second"),
    ],
)
def test_mistakes_give_one_line_and_status_2(shapes, capsys, arguments, part):
    assert main([text.replace("{run}", str(shapes.path)) for text in arguments]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert part in line.lower()
