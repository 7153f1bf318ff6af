"""Out-of-fold logits: each window's by a model that never saw its subject, the same after any interruption."""

import json
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from forked import Forked
from small_runs import SHAPES, SIGNAL
from stopped import Stop
from waves import write_waves
from zoo_registry import Registry, RunSpec, ZooError, ZooNote

import zoo
from zoo.data.folds import Folding
from zoo.data.prepare import prepare
from zoo.data.split import Split
from zoo.data.statistics import channel_statistics
from zoo.evaluation.loaded_run import open_run
from zoo.runs.folder import RunFolder
from zoo.runs.folds import note_lone_classes, require_unseen
from zoo.teachers.logits_file import read_logits
from zoo.training import folds as training_folds
from zoo.training.fit import train
from zoo.training.folds import train_folds

BY = Folding("subject", 3)


def spec_on(folder: Path, **parts) -> dict:
    source = {"kind": "data.npy", "path": str(folder), "layout": "c t", "subject": "subject"}
    training = {"epochs": 2, "batch": 6, "select": "accuracy"}
    return {"model": SIGNAL, "data": {"source": source, "split": {"by": "class"}}, "training": training} | parts


def run_on(folder: Path, **parts) -> RunSpec:
    return Registry.discover().run(spec_on(folder, **parts))


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    """Waves of five subjects, each with every class."""
    folder = write_waves(tmp_path_factory.mktemp("data") / "people", train=30, test=12)
    for split, count in (("train", 30), ("test", 12)):
        np.save(folder / f"subject_{split}.npy", np.arange(count) // 3 % 5)
    return folder


@pytest.fixture(scope="module")
def trained(people, tmp_path_factory) -> tuple[RunFolder, list]:
    """A finished run with folds, and its counts."""
    path = tmp_path_factory.mktemp("runs") / "run"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooNote)
        found = train_folds(run_on(people), path, BY, quiet=True)
    return RunFolder(path), found


def logits_by(bundle: Path, split: Split) -> np.ndarray:
    with torch.no_grad():
        return zoo.load(bundle)(torch.from_numpy(split.read(slice(None)).x), None).logits.numpy()


def test_folds_divide_the_training_split_by_subject(trained, people):
    folder, _ = trained
    file, data = read_logits(folder.logits), prepare(run_on(people).data)
    assert file.fingerprint == data.fingerprint == folder.read()["fingerprint"]
    assert file.classes == data.classes
    assert file.train.shape == (len(data.train), 3)
    assert set(file.folds) == {0, 1, 2}
    for subject in range(5):
        assert len(set(file.folds[data.train.subject == subject])) == 1


def test_validation_and_test_are_read_by_the_model_of_the_run(trained, people):
    folder, _ = trained
    file, data = read_logits(folder.logits), prepare(run_on(people).data)
    np.testing.assert_array_equal(file.validation, logits_by(folder.bundle, data.validation))
    np.testing.assert_array_equal(file.test, logits_by(folder.bundle, data.test))


def test_a_fold_is_read_by_the_model_that_training_without_it_by_hand_gives(trained, people, tmp_path):
    """The rows are copied here with NumPy, and the model is trained on nothing else."""
    folder, _ = trained
    file, run = read_logits(folder.logits), run_on(people, training={"epochs": 2, "batch": 6})
    data = prepare(run.data)
    x = np.load(people / "X_train.npy")[data.train.rows]
    held = file.folds == 1
    rest = Split("train", x[~held].copy(), np.arange((~held).sum()), None, False, data.train.y[~held])
    mean, std = channel_statistics(rest)
    by_hand = type(data)(
        rest, data.validation, data.test, data.input, mean, std, "by hand", "by hand", None, data.leaks
    )
    hand = train(run, tmp_path / "hand", quiet=True, data=by_hand)
    with torch.no_grad():
        expected = zoo.load(hand.bundle)(torch.from_numpy(x[held]), None).logits.numpy()
    np.testing.assert_array_equal(file.train[held], expected)


def test_counts_are_those_of_the_logits(trained, people):
    folder, found = trained
    file, data = read_logits(folder.logits), prepare(run_on(people).data)
    seen = logits_by(folder.bundle, data.train)
    expected = {
        ("train", "in-sample"): (seen, data.train),
        ("train", "out-of-fold"): (file.train, data.train),
        ("validation", "not trained on"): (file.validation, data.validation),
        ("test", "not trained on"): (file.test, data.test),
    }
    assert {(one.split, one.logits): (one.correct, one.total) for one in found} == {
        name: (int((logits.argmax(1) == split.y).sum()), len(split)) for name, (logits, split) in expected.items()
    }


def test_the_model_of_a_fold_is_a_run_on_the_rest(trained, people):
    folder, _ = trained
    file = read_logits(folder.logits)
    opened = open_run(folder.fold(2))
    assert len(opened.data.train) == (file.folds != 2).sum()
    assert opened.run.training.select == "last"
    assert opened.run.training.epochs == 2
    assert opened.stamp["fingerprint"] not in (file.fingerprint, folder.fold(1).read()["fingerprint"])


def test_a_finished_run_resumes_without_training_or_cutting_again(trained, people, monkeypatch):
    """A later version of scikit-learn may cut differently."""
    folder, found = trained
    before = written_at(folder)
    logits = read_logits(folder.logits)
    monkeypatch.setattr("zoo.runs.folds.cut_folds", None)  # a call would fail
    assert train_folds(run_on(people), folder.path, Folding("subject"), resume=True, quiet=True) == found
    assert written_at(folder) == before
    np.testing.assert_array_equal(read_logits(folder.logits).train, logits.train)


def written_at(folder: RunFolder) -> list[int]:
    return [path.stat().st_mtime_ns for path in sorted(folder.folds.glob("?/**/*")) if path.is_file()]


def same(one: RunFolder, other: RunFolder) -> bool:
    ours, theirs = read_logits(one.logits), read_logits(other.logits)
    parts = ((ours.train, theirs.train), (ours.test, theirs.test), (ours.folds, theirs.folds))
    return all(np.array_equal(first, second) for first, second in parts)


def test_a_run_stopped_within_a_fold_goes_on_to_the_same_logits(trained, people, tmp_path, monkeypatch):
    path = tmp_path / "stopped"

    def stopping(run, place, *given, **named):
        hooks = [Stop(1)] if place.name == "1" else []
        return train(run, place, *given, hooks=hooks, **named)

    with monkeypatch.context() as patch:
        patch.setattr(training_folds, "train", stopping)
        with pytest.raises(ConnectionError):
            train_folds(run_on(people), path, BY, quiet=True)
    assert not (path / "logits.npz").exists()
    assert (path / "folds/0/bundle").is_dir()
    assert (path / "folds/1/checkpoints/last.ckpt").is_file()
    train_folds(run_on(people), path, BY, resume=True, quiet=True)
    assert same(RunFolder(path), trained[0])


@pytest.mark.slow
@pytest.mark.parametrize("awaited", ["checkpoints/last.ckpt", "folds/0/run.json", "folds/2/checkpoints/last.ckpt"])
def test_a_killed_run_goes_on_to_the_same_logits(trained, people, tmp_path, awaited):
    spec, out = tmp_path / "run.json", tmp_path / "killed"
    spec.write_text(json.dumps(spec_on(people)))
    arguments = ["train", str(spec), "--out", str(out), "--resume", "--folds", "subject:3"]
    process = Forked(arguments, tmp_path / "said")
    process.wait_for(out / awaited)
    process.signal(signal.SIGKILL)
    process.ended()
    assert not (out / "logits.npz").exists()
    status, said = Forked(arguments, tmp_path / "said").ended()
    assert status == 0, said
    assert same(RunFolder(out), trained[0])


def test_rotated_copies_and_the_paper_protocol_do_not_reach_a_fold(people, tmp_path):
    """That protocol must select, and a fold keeps its last weights."""
    training = {"epochs": 1, "batch": 6, "turn": 20.0, "select": "accuracy"}
    run = run_on(three_axes(people, tmp_path / "axes"), evaluation={"protocol": "paper"}, training=training)
    train_folds(run, tmp_path / "run", Folding("class", 2), quiet=True)
    file, fold = read_logits(tmp_path / "run" / "logits.npz"), RunFolder(tmp_path / "run").fold(0)
    assert len(file.validation) == len(file.test) == 12
    assert Registry.discover().run(fold.read()["run"]).training.select == "last"
    assert len(open_run(fold).data.train) == (file.folds != 0).sum()


def three_axes(people: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in people.glob("*.npy"):
        values = np.load(path)
        np.save(folder / path.name, values[:, [0, 1, 0]] if path.name.startswith("X") else values)
    return folder


HEADLESS = {role: spec for role, spec in SHAPES.items() if role != "head"}
TEACHERS = {"teachers": {"one": "runs/one"}, "distill": [{"kind": "distill.logits"}]}


@pytest.mark.parametrize(
    ("parts", "folding", "words"),
    [
        ({"model": HEADLESS, "training": {}}, BY, "a model with a head"),
        ({"trainer": {"devices": 2, "accelerator": "cpu"}}, BY, "training in one process, found 2"),
        ({}, Folding("group"), "a known group"),
        ({}, Folding("subject", 9), "at most 5 folds, one per subject, found 9"),
        (TEACHERS, BY, "a run without teachers"),
    ],
    ids=["head", "processes", "unit", "number", "teachers"],
)
def test_mistakes_are_refused_before_training(people, tmp_path, parts, folding, words):
    with pytest.raises(ZooError) as error:
        train_folds(run_on(people, **parts), tmp_path / "run", folding, quiet=True)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_another_folding_of_a_started_run_is_refused(trained, people):
    folder, _ = trained
    for folding in (Folding("subject", 4), Folding("class", 3)):
        with pytest.raises(ZooError, match=r"expected --folds subject:3, as they were cut.*resume with --folds"):
            train_folds(run_on(people), folder.path, folding, resume=True, quiet=True)


def test_folds_of_other_data_are_refused(trained, people, tmp_path):
    folder, _ = trained
    stored = json.loads(folder.folds_file.read_text())
    copy = RunFolder(tmp_path / "copy")
    copy.folds.mkdir(parents=True)
    copy.folds_file.write_text(json.dumps(stored | {"fingerprint": "0" * 64}))
    with pytest.raises(ZooError, match="the data that the folds were cut of, found other data"):
        train_folds(run_on(people), copy.path, BY, resume=True, quiet=True)


def test_weights_that_saw_the_folds_are_refused_and_unknown_ones_noted(trained, people, tmp_path):
    folder, _ = trained
    for source in (folder.path, folder.bundle, folder.path / "best" / "accuracy", folder.fold(0).path):
        with pytest.raises(ZooError, match="weights that did not see the folds"):
            train_folds(run_on(people, transfer=[{"source": str(source)}]), tmp_path / "run", BY, quiet=True)
    copied = tmp_path / "copied"
    copied.mkdir()
    for file in folder.bundle.iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    (tmp_path / "run.json").write_text(json.dumps(spec_on(people)))
    run = run_on(people, transfer=[{"source": str(copied)}])
    with pytest.warns(ZooNote, match="out-of-fold only if these weights were trained on other windows"):
        require_unseen(run, prepare(run.data))


def test_a_class_in_one_fold_alone_is_noted(people):
    data = prepare(run_on(people).data)
    with pytest.warns(ZooNote, match="all training windows of 2 are in one fold"):
        note_lone_classes(data, np.where(data.train.y == 2, 1, np.arange(len(data.train)) % 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        note_lone_classes(data, np.arange(len(data.train)) % 2)
