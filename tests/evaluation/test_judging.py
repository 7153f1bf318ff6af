"""`zoo eval` on small runs: counts add up, whatever the batch size; protocols, seeds, judges."""

import csv
import json
import shutil
import statistics

import pytest
from small_runs import SHAPES, SIGNAL
from zoo_registry import Registry, SpecError, TrainingError

from zoo.cli.main import main
from zoo.evaluation.corruption import parse_corruptions
from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import HEAD, on_raw, on_rebuilt
from zoo.evaluation.stored import stored_evaluation
from zoo.runs.data import load_set
from zoo.runs.folder import RunFolder
from zoo.runs.protocol import UPPER_BOUND

CORRUPT = "noise:.2,missing:.3,shift:.25,missing:.3+noise:.2"


@pytest.fixture(scope="module")
def report(rebuilt):
    return judge_run(open_run(rebuilt), corruptions=parse_corruptions([CORRUPT]))


def test_every_part_counts_every_window_once(report):
    assert {score.total for score in report.scores} == {report.windows} == {13}
    assert sum(found.windows for found in report.per_class) == 13
    assert sum(bucket.tokens for bucket in report.shapes_by_length) == sum(report.codebook[0].counts)
    for trial in report.corruptions:
        assert trial.total == 13
        assert [hits.reader for hits in trial.correct] == [score.reader for score in report.scores]
        assert all(0 <= hits.correct <= 13 for hits in trial.correct)


def test_classes_add_up_to_the_whole(report, rebuilt):
    observed = open_run(rebuilt).split("test").read(slice(None)).mask
    y = open_run(rebuilt).split("test").y
    counts = [int(observed[y == k].sum()) for k in range(3)]
    whole = sum(found.mse * count for found, count in zip(report.per_class, counts, strict=True)) / sum(counts)
    assert whole == pytest.approx(report.reconstruction[-1].mse)


def test_gaps_are_the_judges_recalls_and_its_own_head_is_not_a_second_opinion(report):
    for row, raw, made in zip(
        report.gaps["wrn"],
        report.score(on_raw("wrn")).classes,
        report.score(on_rebuilt("wrn")).classes,
        strict=True,
    ):
        assert (row.name, row.windows, row.raw, row.rebuilt) == (raw.name, raw.support, raw.recall, made.recall)
    assert report.agreement.judges[0].own
    assert "the model's own head" in report.agreement.sentence


def test_batch_size_changes_nothing(report, rebuilt, tmp_path):
    shutil.copytree(rebuilt.path, tmp_path / "copy")
    copy = RunFolder(tmp_path / "copy")
    stored = copy.read()
    stored["run"]["evaluation"]["batch"] = 5
    copy.run_file.write_text(json.dumps(stored))
    other = judge_run(open_run(copy), corruptions=parse_corruptions([CORRUPT]))
    for one, two in zip(report.corruptions, other.corruptions, strict=True):
        assert (one.name, one.correct) == (two.name, two.correct)
        assert one.mse == pytest.approx(two.mse, rel=1e-4)
    assert other.head.confusion == report.head.confusion
    for one, two in zip(report.shapes_by_length, other.shapes_by_length, strict=True):
        assert one.tokens == two.tokens
        assert (one.mse or 0) == pytest.approx(two.mse or 0, rel=1e-4)


def test_a_report_can_be_read_back_from_its_file(report, rebuilt):
    stored = json.loads(rebuilt.evaluation("test").read_text())
    assert type(report).model_validate(stored) == report
    assert stored["protocol"] == "honest"


def test_a_decoder_without_shapes_has_no_shape_scores(trained):
    model = {"encoder": {"kind": "conv.encoder", "dim": 8}, "decoder": {"kind": "conv.decoder", "dim": 8}}
    found = judge_run(open_run(trained("plain", model)))
    assert found.shapes_by_length is None
    assert len(found.per_class) == 3
    assert found.agreement.sentence.startswith("No judge")


def test_a_second_judge_joins_on_the_command_line_and_the_same_one_is_refused(rebuilt, trained, judge, capsys):
    other = trained("other-judge", SIGNAL, training={"seed": 7})
    assert main(["eval", str(rebuilt.path), "--judge", f"second={other.path}", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in found["agreement"]["judges"]] == ["wrn", "second"]
    assert found["agreement"]["agree"] in (True, False)
    assert main(["eval", str(rebuilt.path), "--judge", f"again={judge.bundle}"]) == 2
    assert "the weights of wrn" in capsys.readouterr().err
    assert main(["eval", str(rebuilt.path), "--judge", "again"]) == 2
    assert "NAME=BUNDLE" in capsys.readouterr().err


def test_the_paper_protocol_selects_on_the_test_split_and_says_so_everywhere(trained, judge, capsys):
    paper = trained("paper", SIGNAL, training={"epochs": 3, "select": "accuracy"}, evaluation={"protocol": "paper"})
    with (paper.path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["val/head.total"] for row in rows} == {"13"}  # the test split
    assert paper.read()["fingerprint"] == judge.read()["fingerprint"]
    assert len(open_run(paper).split("train")) == len(open_run(judge).split("train"))
    capsys.readouterr()
    assert main(["eval", str(paper.path)]) == 0
    found = capsys.readouterr()
    titles = [line for line in found.out.splitlines() if line.startswith(("Classification", "Recall"))]
    assert len(titles) == 2
    assert all(UPPER_BOUND in title for title in titles)
    assert UPPER_BOUND in found.err
    stored = stored_evaluation(paper)
    assert stored.protocol == "paper"
    assert stored.head.correct == max(int(row["val/head.correct"]) for row in rows)
    assert main(["check", str(paper.path)]) == 0
    assert UPPER_BOUND in capsys.readouterr().out


def test_the_paper_protocol_without_selection_is_refused(judge):
    with pytest.raises(SpecError, match=r"training.select: .* test split"):
        Registry.discover().run(judge.read()["run"] | {"evaluation": {"protocol": "paper"}})


@pytest.fixture(scope="module")
def seeds(trained, judge):
    return [judge, *(trained(f"seed-{seed}", SIGNAL, training={"seed": seed}) for seed in (1, 2))]


def test_seeds_give_mean_and_sample_deviation(seeds, capsys):
    paths = [str(folder.path) for folder in seeds]
    assert main(["eval", *paths, "--corrupt", "noise:1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["seeds"], found["windows"]) == ([0, 1, 2], 13)
    measures = {row["name"]: row for row in found["measures"]}
    for folder_index, folder in enumerate(seeds):
        stored = stored_evaluation(folder)
        assert measures["accuracy of head"]["correct"][folder_index] == stored.head.correct
        noisy = measures["accuracy of head, noise:1"]["correct"][folder_index]
        assert noisy == stored.corruptions[0].count(HEAD)
        assert measures["ECE of head"]["values"][folder_index] == stored.head.ece
    for row in measures.values():
        assert row["mean"] == pytest.approx(statistics.fmean(row["values"]))
        assert row["deviation"] == pytest.approx(statistics.stdev(row["values"]))
    row = measures["accuracy of head"]
    assert row["values"] == pytest.approx([count / 13 for count in row["correct"]])
    assert main(["eval", *paths]) == 0
    out = capsys.readouterr().out
    assert f"{' '.join(map(str, row['correct']))} of 13" in out
    assert "±" in out


def test_runs_that_differ_in_more_than_the_seed_are_refused(judge, trained, capsys):
    longer = trained("longer", SIGNAL, training={"seed": 5, "epochs": 2})
    assert main(["eval", str(judge.path), str(longer.path)]) == 2
    assert "training.epochs" in capsys.readouterr().err
    assert main(["eval", str(judge.path), str(judge.path)]) == 2
    assert "training.seed" in capsys.readouterr().err


def test_tables_show_pairs_and_corruptions(rebuilt, capsys):
    assert main(["eval", str(rebuilt.path), "--corrupt", "missing:.2", "--corrupt", "shift:.1"]) == 0
    out = capsys.readouterr().out
    for text in ("raw → rebuilt", "missing:0.2", "shift:0.1", "Drawn shapes", "worst channel", "own head", "ECE"):
        assert text in out
    assert main(["eval", str(rebuilt.path), "--corrupt", "fog:1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_run_stored_before_a_field_existed_is_still_the_same_run(judge, tmp_path):
    folder = RunFolder(tmp_path)
    stored = judge.read()
    del stored["run"]["evaluation"]["protocol"]
    folder.run_file.write_text(json.dumps(stored))
    run = Registry.discover().run(judge.read()["run"])
    data = load_set(run)
    folder.require_same(run, data)
    with pytest.raises(TrainingError, match=r"evaluation\.batch"):
        folder.require_same(Registry.discover().run(stored["run"] | {"evaluation": {"batch": 5}}), data)


def test_a_resume_names_the_changed_field_inside_a_list(judge):
    stored = judge.read()["run"]
    stored["training"]["phases"][0]["weights"] = {"ce": 3.0}
    run = Registry.discover().run(stored)
    with pytest.raises(TrainingError, match=r"training\.phases\.0\.weights\.ce: expected None, .*, found 3\.0"):
        judge.require_same(run, load_set(run))


def test_an_estimator_judges_beside_networks_in_every_table(rebuilt, capsys):
    arguments = ["eval", str(rebuilt.path), "--judge", "tree=sklearn.DecisionTreeClassifier", "--corrupt", "missing:.2"]
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert "fitting sklearn.DecisionTreeClassifier on 24 raw training windows" in shown.err
    lines = shown.out.splitlines()
    rows = [line.split() for line in lines if line.startswith(("tree on raw", "tree on rebuilt"))]
    assert [row[2] for row in rows] == ["raw", "rebuilt"]
    assert any(line.startswith("tree: sklearn.DecisionTreeClassifier, seed 0 (sklearn") for line in lines)
    assert any("class" in line and "wrn" in line and "tree" in line for line in lines)
    assert (rebuilt.judges / "tree.npz").is_file()
    assert main([*arguments, "--json"]) == 0
    again = capsys.readouterr()
    assert "fits" not in again.err
    found = EvalReport.model_validate_json(again.out)
    assert found.score(on_raw("tree")).ece is None
    assert found.score(on_raw("wrn")).ece is not None
    assert {row.name for row in found.agreement.judges} == {"wrn", "tree"}
    assert len(found.gaps["tree"]) == 3
    assert [hits.reader for hits in found.corruptions[0].correct] == [score.reader for score in found.scores]


def test_an_estimator_in_a_spec_reads_only_after_training(trained, capsys):
    judges = {"tree": "sklearn.DecisionTreeClassifier"}
    run = trained("field", SHAPES, evaluation={"judges": judges})
    stored = run.read()["run"]["evaluation"]["judges"]["tree"]
    assert stored["estimator"] == "sklearn.DecisionTreeClassifier"
    with (run.path / "metrics.csv").open() as file:
        assert not any("tree" in column for column in next(csv.reader(file)))
    assert not (run.path / "best" / "tree").exists()
    assert main(["check", str(run.path)]) == 0
    assert "tree, sklearn.DecisionTreeClassifier, seed 0, after training" in capsys.readouterr().out
    assert judge_run(open_run(run)).score(on_rebuilt("tree")) is not None
    twin = trained("no-judge", SHAPES)
    weights = [(folder.bundle / "model.safetensors").read_bytes() for folder in (run, twin)]
    assert weights[0] == weights[1]


def test_a_run_cannot_be_selected_by_a_judge_that_reads_at_the_end(rebuilt):
    data = rebuilt.read()["run"]
    data["evaluation"]["judges"] = {"mini": "aeon.MiniRocketClassifier"}
    data["training"]["select"] = "mini"
    with pytest.raises(SpecError, match=r"training.select: expected a judge that can run during training"):
        Registry.discover().run(data)


@pytest.mark.parametrize("name", ["head", "last", "accuracy"])
def test_a_judge_of_the_command_line_cannot_take_a_reserved_name(rebuilt, judge, capsys, name):
    assert main(["eval", str(rebuilt.path), "--judge", f"{name}={judge.bundle}"]) == 2
    assert f"evaluation.judges.{name}: expected a name that is not in use" in capsys.readouterr().err
