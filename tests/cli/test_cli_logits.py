"""`zoo train --folds` and `zoo logits` on the command line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_runs import SHAPES, SIGNAL
from waves import write_waves
from zoo_registry import Registry, SpecError

import zoo as library
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.run_logits import run_logits
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_run
from zoo.teachers.logits_file import read_logits


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder with `run.json`, its data, and the run trained with three folds."""
    home = tmp_path_factory.mktemp("home")
    folder = write_waves(home / "windows", train=30, test=12)
    for split, count in (("train", 30), ("test", 12)):
        np.save(folder / f"subject_{split}.npy", np.arange(count) // 3 % 5)
    source = {"kind": "data.npy", "path": str(folder), "layout": "c t", "subject": "subject"}
    judges = {"forest": {"estimator": "sklearn.RandomForestClassifier", "parameters": {"n_estimators": 5}}}
    spec = {
        "name": "folded",
        "model": SIGNAL,
        "data": {"source": source, "split": {"by": "class"}},
        "training": {"epochs": 1, "batch": 8},
        "evaluation": {"judges": judges},
    }
    (home / "run.json").write_text(json.dumps(spec))
    library.train(home / "run.json", home / "run", quiet=True, folds="subject:3")
    return home


def test_train_prints_in_sample_beside_out_of_fold(home, zoo):
    done = zoo("train", home / "run.json", "--out", home / "run", "--resume", "--folds", "subject")
    assert done.status == 0, done.err
    lines = [line.split() for line in done.out.splitlines()]
    assert [line[:2] for line in lines[1:3]] == [["train", "in-sample"], ["train", "out-of-fold"]]
    assert all("/24" in line[2] for line in lines[1:3])
    assert f"logits in {home / 'run' / 'logits.npz'}" in done.out


def test_a_trained_run_writes_its_own_logits(home, zoo, tmp_path):
    done = zoo("logits", home / "run", "--out", tmp_path / "own.npz", "--json")
    own, folded = read_logits(tmp_path / "own.npz"), read_logits(home / "run" / "logits.npz")
    assert own.folds is None
    assert own.fingerprint == folded.fingerprint
    np.testing.assert_array_equal(own.test, folded.test)
    assert not np.array_equal(own.train, folded.train)
    assert [count["split"] for count in done.json["counts"]] == ["train", "validation", "test"]


@pytest.mark.parametrize("estimator", ["sklearn.RidgeClassifier", "forest"])
def test_an_estimator_writes_the_same_file(home, zoo, tmp_path, estimator):
    place = tmp_path / "made.npz"
    done = zoo("logits", home / "run.json", "--estimator", estimator, "--folds", "subject:3", "--out", place, "--json")
    assert done.status == 0, done.err
    file, folded = read_logits(place), read_logits(home / "run" / "logits.npz")
    assert file.fingerprint == folded.fingerprint
    assert file.classes == folded.classes
    np.testing.assert_array_equal(file.folds, folded.folds)
    counts = {count["logits"]: count for count in done.json["counts"]}
    assert counts["out-of-fold"]["total"] == len(file.train)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "run.json", "--folds", "person"], "subject, group or class"),
        (["train", "run.json", "--folds", "subject:1"], "2 or more"),
        (["train", "run.json", "--folds", "subject:9", "--out", "new"], "at most 5 folds, one per subject"),
        (["train", "run.json", "--folds", "group", "--out", "new"], "fold by subject or class"),
        (["train", "run.json", "--folds", "class", "--out", "run"], "add --resume"),
        (["logits", "run", "--folds", "subject", "--out", "a.npz"], "`zoo train run --folds subject --resume`"),
        (["logits", "run", "--out", "a.txt"], "ends in .npz"),
        (["logits", "run.json", "--out", "a.npz"], "a run folder with run.json"),
        (["logits", "run.json", "--estimator", "Ridge", "--out", "a.npz"], "library and class"),
        (["logits", "run.json", "--estimator", "sklearn.RidgeClasifier", "--out", "a.npz"], "sklearn.RidgeClassifier?"),
        (["logits", "run.json", "--estimator", "forest", "--folds", "group", "--out", "a.npz"], "a known group"),
    ],
)
def test_mistakes_give_one_line(home, zoo, monkeypatch, arguments, words):
    monkeypatch.chdir(home)
    done = zoo(*arguments)
    assert done.status == 2
    errors = [line for line in done.err.splitlines() if not line.startswith("zoo: note: ")]
    assert len(errors) == 1, done.err
    assert words in errors[0]
    assert not Path("new").exists()
    assert not Path("a.npz").exists()


def test_a_model_without_a_head_is_refused(home, zoo, tmp_path):
    model = {role: spec for role, spec in SHAPES.items() if role != "head"}
    spec = json.loads((home / "run.json").read_text()) | {"model": model}
    (tmp_path / "run.json").write_text(json.dumps(spec))
    assert "a model with a head" in zoo("train", tmp_path / "run.json", "--folds", "class").err
    opened = replace(open_run(RunFolder(home / "run")), run=read_run(spec, Registry.discover()))
    with pytest.raises(SpecError, match="a model with a head"):
        run_logits(opened)
