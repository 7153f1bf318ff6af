"""Every subject is left out once, and counted once."""

import json
import re
import shutil
import signal
from functools import reduce

import numpy as np
import pytest
from forked import Forked
from small_runs import SIGNAL
from waves import write_waves
from zoo_registry import Registry, SpecError

import zoo
from zoo.cli.main import main
from zoo.crossval.plan import left_out, plan_folds
from zoo.crossval.report import CrossReport

BOOK = {"encoder": {"kind": "conv.encoder"}, "decoder": {"kind": "conv.decoder"}}


def windows(folder):
    """Waves of four people; only the third has class 2, and only that."""
    write_waves(folder, train=32, test=4)
    labels = np.arange(32) % 2
    labels[16:24] = 2
    np.save(folder / "y_train.npy", labels)
    np.save(folder / "subject_train.npy", np.array([f"person/{row // 8}" for row in range(32)]))


def spec(home, **parts):
    source = {"kind": "data.npy", "path": str(home / "windows"), "layout": "c t", "test": None, "subject": "subject"}
    data = {"source": source, "split": {"by": "class"}}
    return {"name": "people", "model": SIGNAL, "data": data, "training": {"epochs": 1, "batch": 8}, **parts}


def subjects(folder, names):
    np.save(folder / "windows" / "subject_train.npy", np.array(names))


def crossval(home, *arguments):
    """The running command in ``home``."""
    return Forked(["crossval", "run.json", "--out", "out", *arguments], home / "said", home)


def report_of(home):
    return CrossReport.model_validate_json((home / "out" / "crossval.json").read_text())


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """Windows, and a run on them in `run.json`."""
    home = tmp_path_factory.mktemp("crossval")
    windows(home / "windows")
    (home / "run.json").write_text(json.dumps(spec(home)))
    return home


@pytest.fixture(scope="module")
def done(ready):
    """The folder of a cross-validation by two workers, its report, and what was printed."""
    status, said = crossval(ready, "--workers", "2").ended()
    assert status == 0, said
    return ready, report_of(ready), said


@pytest.fixture
def copy(ready, tmp_path, monkeypatch):
    """The same windows and run in another folder, which is the current one."""
    home = tmp_path / "copy"
    home.mkdir()
    shutil.copytree(ready / "windows", home / "windows")
    shutil.copy(ready / "run.json", home)
    monkeypatch.chdir(home)
    return home


def test_every_subject_is_evaluated_by_a_model_that_did_not_see_it(done):
    home, report, _ = done
    assert [score.subject for score in report.subjects] == [f"person/{number}" for number in range(4)]
    for number, score in enumerate(report.subjects):
        assert score.folder == f"out/runs/{number:03}-subject-person-{number}-seed0"
        run = zoo.Run(home / score.folder)
        assert run.spec.data.split.hold_out == (score.subject,)
        assert (score.correct, score.total) == (run.evaluate().head.correct, 8)


def test_its_weights_are_those_of_a_run_with_hold_out(done, tmp_path):
    home, report, _ = done
    plain = spec(home)
    plain["data"]["split"]["hold_out"] = ["person/1"]
    zoo.train(plain, tmp_path / "run", quiet=True)
    weights = [
        folder / "bundle" / "model.safetensors" for folder in (home / report.subjects[1].folder, tmp_path / "run")
    ]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_means_and_counts_are_those_of_the_subjects(done):
    _, report, _ = done
    accuracies = np.array([score.correct / 8 for score in report.subjects])
    assert report.folds.mean == pytest.approx(accuracies.mean())
    assert report.folds.deviation == pytest.approx(accuracies.std(ddof=1))
    assert report.varied.mean == pytest.approx(np.delete(accuracies, 2).mean())
    assert (report.correct, report.total) == (sum(score.correct for score in report.subjects), 32)
    assert report.worst == report.subjects[int(accuracies.argmin())].subject


def test_a_class_of_one_person_is_counted_as_unknown(done):
    _, report, said = done
    assert [score.unknown for score in report.subjects] == [[], [], ["2"], []]
    assert report.subjects[2].unknown_windows == 8
    assert report.subjects[2].correct == 0
    assert said.count("nobody") == 1


@pytest.mark.slow
def test_an_interrupted_one_continues_to_the_same_scores(done, copy):
    started = crossval(copy)
    started.wait_for(copy / "out" / "runs" / "000-subject-person-0-seed0" / "metrics.csv")
    started.signal(signal.SIGINT)
    status, said = started.ended()
    assert (status, said.count("interrupted")) == (130, 1)
    assert not (copy / "out" / "crossval.json").exists()
    status, said = crossval(copy, "--resume").ended()
    assert status == 0, said
    assert report_of(copy) == done[1]


def test_a_finished_one_is_printed_again(done, capsys, monkeypatch):
    home, report, _ = done
    monkeypatch.chdir(home)
    assert main(["crossval", "run.json", "--out", "out", "--resume"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert f"{report.correct}/32" in printed.out
    assert "mean of 3 with several classes" in printed.out
    assert "nobody but person/2 does 2: 8 windows that no model can know" in printed.out
    assert main(["crossval", "run.json", "--out", "out", "--resume", "--json"]) == 0
    assert CrossReport.model_validate_json(capsys.readouterr().out) == report


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ([], "out: expected a new folder of a sweep, found a sweep; add --resume"),
        (
            ["--resume", "--set", "training.epochs=2"],
            "sweep.json: run.training.epochs: expected 1, as it was started, found 2",
        ),
        (
            ["--resume"],
            "out/runs/003-subject-person-3-seed0: expected the run without person/3, found none; copy it back",
        ),
    ],
)
def test_a_finished_one_that_changed_is_refused(done, copy, capsys, change, words):
    shutil.copytree(done[0] / "out", copy / "out")
    shutil.rmtree(copy / "out" / "runs" / "003-subject-person-3-seed0")
    assert main(["crossval", "run.json", "--out", "out", *change]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_a_folder_of_runs_without_a_sweep_is_refused(copy, capsys, more):
    """As `zoo crossval` left it before it was a sweep."""
    (copy / "out" / "01").mkdir(parents=True)
    assert main(["crossval", "run.json", "--out", "out", *more]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "out: expected a new folder, or a cross-validation with sweep.json, found 01; name another" in line
    assert [path.name for path in (copy / "out").iterdir()] == ["01"]


@pytest.mark.slow
def test_other_subjects_are_trained_when_some_cannot_be(copy):
    """All windows of class 2 are of one person. Only without that person, validation can be whole people."""
    np.save(copy / "windows" / "y_train.npy", np.where(np.arange(32) < 20, np.arange(32) % 2, 2))
    subjects(copy, ["a"] * 10 + ["b"] * 10 + ["c"] * 12)
    status, said = crossval(copy, "--set", "data.source.path=windows", "--set", "data.split.by=subject").ended()
    report = report_of(copy)
    assert status == 0, said
    assert [score.subject for score in report.subjects] == ["c"]
    assert list(report.missing) == ["a", "b"]
    assert "mean of 1 of 3 subjects" in said
    assert re.search(r"^no model for b: .*expected every class in training", said, re.MULTILINE)
    assert "--resume" in said


@pytest.mark.slow
def test_an_error_of_all_subjects_is_one_line(copy):
    subjects(copy, ["a"] * 16 + ["b"] * 16)
    status, said = crossval(copy, "--set", "data.source.path=windows", "--set", "data.split.by=subject").ended()
    assert status == 2
    (line,) = said.strip().splitlines()
    assert line.startswith("zoo: out: a: expected a trained run, found none, as ")


def test_every_subject_has_a_point_whatever_its_name(copy):
    long = "a" * 45
    names = ["12", "=cmd", "../x", "x y", "Zoë", "日本", f"{long}1", f"{long}2"]
    subjects(copy, np.repeat(names, 4))
    plan = plan_folds(Registry.discover().run(spec(copy)))
    assert [left_out(plan, number) for number in range(plan.total)] == sorted(names)
    assert len({point.label for point in plan.points}) == len(names)
    folders = [plan.run(point, number, 0).name for number, point in enumerate(plan.points)]
    assert len(set(folders)) == len(names)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data.split.test": 0.2}, "data.split.test: expected none, as each subject is the test split once"),
        ({"data.split.hold_out": ["person/1"]}, "data.split.hold_out: expected none"),
        ({"transfer": [{"source": "runs/alone"}]}, "transfer: expected none, as its weights may have seen the subject"),
        ({"data.source.subject": None}, "data.source.subject: expected a known subject for every window"),
        (
            {"data.source.test": "test", "data.source.subject": None},
            "expected windows without a test split of their own",
        ),
        ({"model": BOOK}, "model.head: expected a classifier"),
        ({"evaluation": {"protocol": "paper"}, "training.select": "accuracy"}, "evaluation.protocol: expected honest"),
    ],
)
def test_runs_that_cannot_be_cross_validated_are_refused(ready, change, words):
    plain = spec(ready)
    for path, value in change.items():
        *parts, last = path.split(".")
        reduce(dict.__getitem__, parts, plain)[last] = value
    with pytest.raises(SpecError, match="expected") as refused:
        plan_folds(Registry.discover().run(plain))
    assert words in str(refused.value)
