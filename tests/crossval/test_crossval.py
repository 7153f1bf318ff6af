"""Every subject is left out once, and counted once."""

import json
import shutil
from functools import reduce

import numpy as np
import pytest
from small_runs import SIGNAL
from waves import write_waves
from zoo_registry import Registry, SpecError

import zoo
from zoo.cli.main import main
from zoo.crossval.leave_out import leave_one_out

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


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder of a cross-validation, and its report."""
    home = tmp_path_factory.mktemp("crossval")
    windows(home / "windows")
    return home, leave_one_out(Registry.discover().run(spec(home)), home / "out", quiet=True)


def test_every_subject_is_evaluated_by_a_model_that_did_not_see_it(done):
    home, report = done
    assert [score.subject for score in report.subjects] == [f"person/{number}" for number in range(4)]
    for score in report.subjects:
        run = zoo.Run(score.folder)
        assert run.spec.data.split.hold_out == (score.subject,)
        assert (score.correct, score.total) == (run.evaluate().head.correct, 8)
    assert json.loads((home / "out" / "crossval.json").read_text()) == report.model_dump(mode="json")


def test_means_and_counts_are_those_of_the_subjects(done):
    _, report = done
    accuracies = np.array([score.correct / 8 for score in report.subjects])
    assert report.folds.mean == pytest.approx(accuracies.mean())
    assert report.folds.deviation == pytest.approx(accuracies.std(ddof=1))
    assert report.varied.mean == pytest.approx(np.delete(accuracies, 2).mean())
    assert (report.correct, report.total) == (sum(score.correct for score in report.subjects), 32)
    assert report.worst == report.subjects[int(accuracies.argmin())].subject


def test_a_class_of_one_person_is_counted_as_unknown(done):
    _, report = done
    assert [score.unknown for score in report.subjects] == [[], [], ["2"], []]
    assert report.subjects[2].unknown_windows == 8
    assert report.subjects[2].correct == 0


def test_it_goes_on_where_it_stopped(done, tmp_path):
    """Finished subjects keep their weights; the others are trained to the same ones."""
    home, report = done
    stopped = shutil.copytree(home / "out", tmp_path / "out")
    shutil.rmtree(stopped / "4")
    (stopped / "crossval.json").unlink()
    before = (stopped / "1" / "bundle" / "model.safetensors").stat().st_mtime_ns
    again = leave_one_out(Registry.discover().run(spec(home)), stopped, resume=True, quiet=True)
    assert (stopped / "1" / "bundle" / "model.safetensors").stat().st_mtime_ns == before
    plain = [score.model_dump(exclude={"folder"}) for score in again.subjects]
    assert plain == [score.model_dump(exclude={"folder"}) for score in report.subjects]


def test_the_command_prints_every_subject_and_what_nobody_else_does(done, tmp_path, capsys, monkeypatch):
    home, report = done
    monkeypatch.chdir(home)
    (home / "run.json").write_text(json.dumps(spec(home)))
    assert main(["crossval", "run.json", "--out", "out", "--resume"]) == 0
    out = capsys.readouterr().out
    assert f"{report.correct}/32" in out
    assert "mean of 3 with several classes" in out
    assert "nobody but person/2 does 2: 8 windows that no model can know" in out


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
def test_runs_that_cannot_be_cross_validated_are_refused(done, tmp_path, change, words):
    home, _ = done
    plain = spec(home)
    for path, value in change.items():
        *parts, last = path.split(".")
        reduce(dict.__getitem__, parts, plain)[last] = value
    with pytest.raises(SpecError, match="expected") as refused:
        leave_one_out(Registry.discover().run(plain), tmp_path / "out", quiet=True)
    assert words in str(refused.value)
    assert not (tmp_path / "out").exists()
