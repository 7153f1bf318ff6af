"""A student learns from frozen teachers, of which nothing remains in what it leaves behind."""

import json
import shutil
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import SIGNAL
from stopped import differing, rows, stopped_and_resumed, weights
from taught import GATE, LOGITS, PRIOR, logits_file, run, spec, student
from zoo_registry import Registry, SpecError, TrainingError, ZooNote

import zoo
from zoo.data.batch import read_batch
from zoo.runs.data import load_set
from zoo.teachers import predictions
from zoo.teachers.model_logits import model_logits
from zoo.teachers.predictions import features, predict, read_predictions
from zoo.teachers.teach import teach
from zoo.teachers.teacher import load_teachers
from zoo.training.fit import train


def test_the_student_leaves_what_it_would_leave_alone(home, fit):
    found, alone = fit(student(home)), fit(spec(home), "alone")
    shapes = [{name: tensor.shape for name, tensor in weights(folder).items()} for folder in (found, alone)]
    assert shapes[0] == shapes[1]
    assert zoo.load(found.bundle).spec == zoo.load(alone.bundle).spec
    stored = torch.load(found.last, weights_only=True)["state_dict"]
    assert {name.removeprefix("model.") for name in stored} == shapes[0].keys()
    assert differing(found, alone), "the teachers taught nothing"
    assert {"train/kd", "train/sp", "train/kd.share"} <= rows(found)[0].keys()


def test_networks_of_teachers_that_run_in_the_step_do_not_change(home, fit, monkeypatch):
    """Batch norm in training mode would change their statistics."""
    seen: list[Any] = []
    before: list[dict[str, torch.Tensor]] = []

    def watched(*arguments: Any) -> Any:
        seen.append(teach(*arguments))
        for one in seen[0].teachers:
            before.append({name: tensor.clone() for name, tensor in one.model.state_dict().items()})
        return seen[0]

    monkeypatch.setattr("zoo.training.fit.teach", watched)
    teachers = {name: {"source": str(home / name), "cache": "logits"} for name in PRIOR}
    fit(student(home, teachers=teachers))
    assert len(before) == 2
    for one, tensors in zip(seen[0].teachers, before, strict=True):
        assert not any(module.training for module in one.model.modules())
        assert not any(parameter.requires_grad for parameter in one.model.parameters())
        assert all(torch.equal(tensor, tensors[name]) for name, tensor in one.model.state_dict().items())


def test_a_second_start_changes_no_predictions_of_the_first(home, fit):
    folder = fit(student(home))
    before = {file: file.read_bytes() for file in (*folder.teachers.iterdir(), folder.teacher_weights)}
    with pytest.raises(TrainingError, match="expected a new run folder, found a run"):
        fit(student(home, teachers={"signal": str(home / "image")}, weigh=GATE))
    assert {file: file.read_bytes() for file in (*folder.teachers.iterdir(), folder.teacher_weights)} == before


def test_terms_without_weight_teach_nothing(home, fit):
    phases = {"phases": [{"weights": {"ce": 1}}]}
    alone = fit(spec(home, SIGNAL, phases), "alone")
    assert differing(fit(student(home, training=phases)), alone) == []


@pytest.mark.parametrize("weigh", [None, {"kind": "weigh.entropy"}])
def test_a_teacher_with_all_the_weight_teaches_as_it_does_alone(home, fit, weigh):
    one = {"signal": {"source": str(home / "signal"), "weight": 1}}
    both = one | {"image": {"source": str(home / "image"), "weight": 0}}
    assert differing(fit(student(home, teachers=both, weigh=weigh)), fit(student(home, teachers=one), "one")) == []


@pytest.mark.slow
def test_a_stopped_run_resumes_to_the_weights_of_an_uninterrupted_one(home, tmp_path, fit):
    plain = student(home, training={"epochs": 4}, weigh=GATE)
    folder = stopped_and_resumed(Registry.discover().run(plain), tmp_path / "stopped", 2)
    assert differing(folder, fit(plain)) == []


def test_kept_maps_are_those_of_every_batch(home, tmp_path, monkeypatch):
    """Parts of windows so small that features are computed in several passes."""
    monkeypatch.setattr(predictions, "_FEATURES", 1)
    given = Registry.discover().run(student(home))
    data = load_set(given)
    for teacher in load_teachers(given, data):
        predict(teacher, data, data.train, tmp_path, True, 5)
        kept = read_predictions(teacher, data, data.train, tmp_path, True)
        assert kept.maps is not None
        batch = read_batch(data.train, np.array([3, 20, 7, 11, 3]))
        assert teacher.model is not None
        expected = [part.flatten(1) @ part.flatten(1).T for part in features(teacher.model, batch)]
        for found, right in zip(kept.grams(batch), expected, strict=True):
            torch.testing.assert_close(found, right, rtol=1e-4, atol=1e-3)


def test_a_run_without_kept_maps_learns_the_same(home, fit):
    """In float64, so that the order of sums, which depends on the number of threads, does not count."""
    sources = {name: {"source": str(home / name)} for name in ("signal", "image")}
    by_batch = {name: given | {"cache": "logits"} for name, given in sources.items()}
    double = {"precision": "64-true"}
    kept = fit(student(home, teachers=sources, trainer=double))
    computed = fit(student(home, teachers=by_batch, trainer=double), "computed")
    assert list(kept.teachers.glob("*-maps-*.npy"))
    assert not list(computed.teachers.glob("*-maps-*.npy"))
    for name, tensor in weights(kept).items():
        torch.testing.assert_close(tensor, weights(computed)[name], rtol=1e-4, atol=1e-5)


def test_stored_logits_are_those_of_the_teacher_in_evaluation_mode(home, fit):
    found = fit(student(home))
    data = load_set(run(home))
    for name in ("signal", "image"):
        stored = np.load(found.teachers / f"{name}.npz")
        expected = model_logits(zoo.load(home / name), data.train, 7)
        np.testing.assert_allclose(stored["train"], expected, rtol=1e-4, atol=1e-5)
    assert data.train.y.shape == stored["train"].shape[:1]


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_damaged_or_foreign_predictions_are_computed_again(home, tmp_path, fit, damage):
    plain = student(home)
    folder = fit(plain)
    expected = np.load(folder.teachers / "signal.npz")["train"]
    if damage == "cut":
        file = folder.teachers / "signal.npz"
        file.write_bytes(file.read_bytes()[:-40])
    else:
        shutil.copy(folder.teachers / "image.npz", folder.teachers / "signal.npz")
    train(Registry.discover().run(plain), folder.path, resume=True, quiet=True)
    np.testing.assert_array_equal(np.load(folder.teachers / "signal.npz")["train"], expected)


def test_a_ramp_of_the_temperature_starts_at_its_first_value(home, fit):
    ramp = {
        "epochs": 3,
        "phases": [{"length": 3, "weights": {"kd": 1}, "temperature": {"start": 8, "end": 2, "over": 2}}],
    }
    fixed = {"epochs": 3, "phases": [{"length": 3, "weights": {"kd": 1}, "temperature": 8}]}
    found, steady = fit(student(home, [LOGITS], ramp)), fit(student(home, [LOGITS], fixed), "fixed")
    assert rows(found)[0]["train/kd"] == rows(steady)[0]["train/kd"]
    assert rows(found)[1]["train/kd"] != rows(steady)[1]["train/kd"]


def test_a_file_of_logits_knows_no_rotated_copies(home, tmp_path):
    source = logits_file(home, tmp_path / "logits.npz")
    run = Registry.discover().run(student(home, [LOGITS], teachers={"file": source}))
    data = load_set(run)
    copies = data.train.take(np.tile(np.arange(len(data.train)), 2))
    (teacher,) = load_teachers(run, data)
    predict(teacher, data, copies, tmp_path, False, 8)
    with pytest.raises(SpecError, match=r"training\.turn: expected null, as logits of file are stored"):
        read_predictions(teacher, data, copies, tmp_path, False)


def test_a_file_of_logits_teaches(home, tmp_path, fit):
    source = logits_file(home, tmp_path / "logits.npz")
    found = fit(student(home, [LOGITS], teachers={"file": source}))
    assert differing(found, fit(spec(home), "alone"))


def test_weights_from_windows_that_a_teacher_was_trained_on_are_reported(home, tmp_path, fit):
    weigh = {"kind": "weigh.true_class"}
    with pytest.warns(
        ZooNote, match=r"teachers\.signal: weigh\.true_class weighs it by .* right for \d+ of 25 windows"
    ):
        fit(student(home, [LOGITS], weigh=weigh))
    folds = logits_file(home, tmp_path / "logits.npz", folds=np.arange(25) % 4)
    with pytest.warns(ZooNote) as notes:
        fit(student(home, [LOGITS], weigh=weigh, teachers={"unseen": folds}), "unseen")
    assert not [note for note in notes if "weighs it by" in str(note.message)]


def test_a_stored_run_keeps_its_distillation(home, fit):
    plain = student(home, weigh={"kind": "weigh.entropy"})
    stored = json.loads(fit(plain).run_file.read_text())
    again = Registry.discover().run(stored["run"])
    assert again.dump() == Registry.discover().run(plain).with_input(again.model.input).dump()
    assert {"distill", "weigh"} <= stored["plugins"].keys()
