"""What `zoo eval` says about teachers agrees with counts made by hand."""

import json
import shutil

import numpy as np
import pytest
import torch
from small_runs import SIGNAL
from taught import GATE, LOGITS, MAPS, run, spec, student
from zoo_registry import Registry, SpecError, ZooNote

import zoo
from zoo.data.batch import read_batch
from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.stored import stored_evaluation
from zoo.evaluation.taught import DRAWS, bootstrap
from zoo.evaluation.times import as_latex, as_markdown, times_table
from zoo.export.export_run import export
from zoo.report.evidence import gather
from zoo.report.lessons import lessons
from zoo.report.provenance import facts
from zoo.report.runs_report import write_comparison
from zoo.runs.data import load_set
from zoo.runs.folder import RunFolder
from zoo.teachers.logits_file import LogitsFile
from zoo.training.fit import train


@pytest.fixture(scope="module")
def folders(home, tmp_path_factory):
    """The student with teachers and a learned gate, and alone."""
    folder = tmp_path_factory.mktemp("students")
    registry = Registry.discover()
    taught = train(registry.run(student(home, [LOGITS, MAPS], weigh=GATE)), folder / "taught", quiet=True)
    return taught, train(registry.run(spec(home, SIGNAL, {"seed": 5})), folder / "alone", quiet=True)


@pytest.fixture(scope="module")
def report(folders):
    taught, alone = folders
    return judge_run(open_run(taught), "test", alone=open_run(alone)).taught


@torch.no_grad()
def right(folder, split):
    batch = read_batch(split, np.arange(len(split)))
    return zoo.load(folder)(batch.x).logits.argmax(-1).numpy() == split.y


def test_readers_and_pairs_are_those_counted_by_hand(home, folders, report):
    test = load_set(run(home)).test
    mine, other = (right(folder.path, test) for folder in folders)
    signal, image = (right(home / name, test) for name in ("signal", "image"))
    counts = {reader.name: reader.correct for reader in report.readers}
    assert (counts["signal"], counts["image"]) == (signal.sum(), image.sum())
    assert counts["any teacher"] == (signal | image).sum()
    assert all(reader.total == 12 for reader in report.readers)
    pair = report.paired
    assert (pair.won, pair.lost, pair.both) == ((mine & ~other).sum(), (~mine & other).sum(), (mine & other).sum())
    assert pair.won + pair.lost + pair.both + pair.neither == 12
    assert pair.difference == pytest.approx((pair.won - pair.lost) / 12)
    assert pair.low <= pair.difference <= pair.high
    assert (pair.units, pair.draws) == ("subjects", DRAWS)
    saved = ~other & signal
    assert (pair.rescues[0].windows, pair.rescues[0].learned) == (saved.sum(), (saved & mine).sum())


def test_weights_of_classes_sum_to_one_and_maps_have_a_distance_per_stage(home, report):
    assert [of.windows for of in report.weights] == np.bincount(load_set(run(home)).train.y).tolist()
    assert all(sum(of.weights) == pytest.approx(1) for of in report.weights)
    assert len(report.map_distance) == 3
    assert all(distance >= 0 for distance in report.map_distance)


def test_the_report_is_stored_and_read_again(folders, report):
    stored = stored_evaluation(folders[0])
    assert stored is not None
    assert stored.taught == report


def test_a_student_is_compared_only_on_the_same_data(home, folders, tmp_path):
    other = spec(home, SIGNAL)
    other["data"]["split"] = {"validation": 0.4}
    elsewhere = train(Registry.discover().run(other), tmp_path / "other", quiet=True)
    with pytest.raises(SpecError, match=r"--alone: expected a run on the data of this one"):
        judge_run(open_run(folders[0]), "test", alone=open_run(elsewhere))


@pytest.mark.parametrize("option", ["alone", "times"])
def test_a_run_without_teachers_has_nothing_to_compare(folders, option):
    given = {"alone": open_run(folders[0])} if option == "alone" else {"times": True}
    with pytest.raises(SpecError, match=rf"--{option}: expected a run with teachers"):
        judge_run(open_run(folders[1]), "test", **given)


def test_a_missing_teacher_is_left_out_with_a_note(home, tmp_path):
    """The student, the other teacher and the weights in training are evaluated nevertheless."""
    gone = shutil.copytree(home / "image", tmp_path / "gone")
    teachers = {"signal": str(home / "signal"), "gone": str(gone)}
    plain = student(home, [LOGITS], teachers=teachers, weigh={"kind": "weigh.entropy"})
    taught = train(Registry.discover().run(plain), tmp_path / "taught", quiet=True)
    shutil.rmtree(gone)
    with pytest.warns(ZooNote, match=r"teachers\.gone is not evaluated: .* no such folder"):
        found = judge_run(open_run(taught)).taught
    assert [reader.name for reader in found.readers] == ["signal", "mean of teachers", "any teacher"]
    assert found.readers[0].correct == found.readers[1].correct == found.readers[2].correct
    assert {len(of.weights) for of in found.weights} == {2}
    assert found.map_distance is None


def test_a_file_without_logits_of_the_split_is_left_out_with_a_note(home, tmp_path):
    data = load_set(run(home))
    logits = np.eye(3, dtype=np.float32)[data.test.y]
    train_logits = np.eye(3, dtype=np.float32)[data.train.y]
    LogitsFile(train_logits, data.classes, data.fingerprint, test=logits).write(tmp_path / "logits.npz")
    plain = student(home, [LOGITS], teachers={"file": str(tmp_path / "logits.npz")})
    opened = open_run(train(Registry.discover().run(plain), tmp_path / "taught", quiet=True))
    assert [reader.correct for reader in judge_run(opened, "test").taught.readers] == [12, 12, 12]
    with pytest.warns(ZooNote, match="its file has no logits of the validation split"):
        assert judge_run(opened, "validation").taught.readers == []


def test_an_interval_over_units_is_that_of_their_means():
    """For many units of one value, that of the normal approximation; for two units, the range of their means."""
    values = np.random.default_rng(1).normal(0.1, 1, 400)
    low, high = bootstrap(values, np.arange(400))
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)
    assert bootstrap(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1])) == (0.0, 1.0)


def test_times_are_measured_on_request_and_written_as_tables(folders, monkeypatch):
    monkeypatch.setattr("zoo.model.latency._SECONDS", 0.0)
    report = judge_run(open_run(folders[0]), "test", times=True).taught
    assert [one.name for one in report.times] == ["signal", "image", "student"]
    assert [one.image is None for one in report.times] == [True, False, True]
    assert all(part > 0 for one in report.times for part in (*one.whole, *(one.image or ())))
    rows = times_table(report.times)
    assert as_markdown(rows).splitlines()[1].count("---:") == len(rows[0]) - 1
    assert [line.split() for line in as_latex([["a_b", "1"], ["c", "2"]]).splitlines()[2:5:2]] == [
        [r"a\_b", "&", "1", r"\\"],
        ["c", "&", "2", r"\\"],
    ]


def test_an_exported_student_holds_nothing_of_its_teachers(folders, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.model.latency._SECONDS", 0.0)
    taught, alone = (export(folder.path, "torchscript", tmp_path / folder.path.name) for folder in folders)
    assert taught.parameters == alone.parameters
    assert taught.facts | {"sha256": ""} == alone.facts | {"sha256": ""}
    assert taught.size == pytest.approx(alone.size, rel=0.05)
    shapes = [torch.jit.load(file.file)(torch.zeros(2, 2, 40)).shape for file in (taught, alone)]
    assert shapes[0] == shapes[1]


def test_several_runs_are_compared_by_their_teachers(home, folders, report, tmp_path):
    """Students with the same teachers count together, whatever their seed; a run of a teacher is not among them."""
    plain = student(home, [LOGITS], {"seed": 7})
    logits = train(Registry.discover().run(plain), tmp_path / "logits", quiet=True)
    evidence = [gather(RunFolder(path)) for path in (*(one.path for one in folders), logits.path, home / "image")]
    found = lessons(evidence)
    assert [(of.lesson, of.capacity, of.teachers) for of in found] == [
        ("alone", "", 0),
        ("signal + image, similarity, learned weights", "10-1", 2),
        ("signal + image", "10-1", 2),
    ]
    assert found[1].accuracies == (evidence[0].report.head.accuracy,)
    write_comparison(evidence, RunFolder(tmp_path / "page"))
    assert "Accuracy by teachers and their size" in (tmp_path / "page" / "report.html").read_text()
    assert (tmp_path / "page" / "figures" / "teachers.svg").is_file()


def test_a_run_keeps_what_its_teachers_were(home, folders):
    """Their weights' hashes and their specs stay known when the teachers are gone."""
    kept = folders[0].taught_by()
    for name in ("signal", "image"):
        model = zoo.load(home / name)
        assert kept[name].sha256 == json.loads((home / name / "bundle" / "spec.json").read_text())["sha256"]
        assert kept[name].parameters == sum(parameter.numel() for parameter in model.parameters())
        assert Registry.discover().model(kept[name].model) == model.spec
    assert any(fact.name == "teacher image" and "wrn.image 10-1" in fact.value for fact in facts(gather(folders[0])))
    assert folders[1].taught_by() == {}
