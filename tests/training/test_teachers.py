"""A student learns from frozen teachers, of which nothing remains in what it leaves behind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import SIGNAL
from stopped import differing, rows, stopped_and_resumed, weights
from taught import GATE, LOGITS, MAPS, PRIOR, run, spec, student
from waves import write_waves
from zoo_registry import DataError, Registry, SpecError, TrainingError, ZooError, ZooNote

import zoo
from zoo.data.batch import read_batch
from zoo.runs.data import load_set
from zoo.runs.folder import RunFolder
from zoo.teachers import predictions
from zoo.teachers.logits_file import LogitsFile
from zoo.teachers.model_logits import model_logits
from zoo.teachers.predictions import features, predict, read_predictions
from zoo.teachers.teach import teach
from zoo.teachers.teacher import load_teachers
from zoo.training.fit import train


@pytest.fixture
def fit(tmp_path: Path) -> Callable[..., RunFolder]:
    def fit(plain: Any, name: str = "student") -> RunFolder:
        return train(Registry.discover().run(plain), tmp_path / name, quiet=True)

    return fit


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
    sources = {name: {"source": str(home / name)} for name in ("signal", "image")}
    by_batch = {name: given | {"cache": "logits"} for name, given in sources.items()}
    kept, computed = fit(student(home, teachers=sources)), fit(student(home, teachers=by_batch), "computed")
    assert list(kept.teachers.glob("*-maps-*.npy"))
    assert not list(computed.teachers.glob("*-maps-*.npy"))
    for name, tensor in weights(kept).items():
        torch.testing.assert_close(tensor, weights(computed)[name], rtol=1e-3, atol=1e-4)


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


def logits_file(home: Path, path: Path, **changes: Any) -> str:
    """A file of logits that name the true class of every training window."""
    data = load_set(run(home))
    right = 5 * np.eye(len(data.classes), dtype=np.float32)[data.train.y]
    LogitsFile(**{"train": right, "classes": data.classes, "fingerprint": data.fingerprint} | changes).write(path)
    return str(path)


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


def without_head(home: Path) -> str:
    codes = {"encoder": {"kind": "conv.encoder", "dim": 4}, "quantizer": {"kind": "quantizers.ema", "codes": 4}}
    return str(
        train(run(home, codes | {"decoder": {"kind": "conv.decoder", "dim": 4}}), home / "codes", quiet=True).path
    )


BEFORE_TORCH: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no folder": (lambda home: student(home, teachers={"t": "nowhere"}), "nowhere: expected the folder of a bundle"),
    "no weight": (
        lambda home: student(home, teachers={"t": {"source": str(home / "signal"), "weight": 0}}),
        "teachers: expected a weight above 0",
    ),
    "no distiller": (lambda home: student(home, distill=(), training={"phases": [{}]}), "distill: expected a loss"),
    "no teacher": (lambda home: student(home, teachers={}), "teachers: expected teachers"),
    "kd without teachers": (
        lambda home: spec(home, SIGNAL, {"phases": [{"weights": {"kd": 1}}]}),
        "training.phases.0.weights: expected a loss term that the run gives",
    ),
    "two of a term": (lambda home: student(home, (LOGITS, LOGITS)), "distill: expected each loss term once"),
    "no head": (
        lambda home: spec(
            home,
            {"encoder": {"kind": "conv.encoder"}, "quantizer": {"kind": "quantizers.ema"}},
            teachers={"t": str(home / "signal")},
            distill=[LOGITS],
        ),
        "model.head: expected a head that learns",
    ),
    "cold": (
        lambda home: student(home, [LOGITS], {"phases": [{"temperature": {"start": 4, "end": 0, "over": 1}}]}),
        "training.phases.0.temperature: expected at least 0.01",
    ),
    "temperature without teachers": (
        lambda home: spec(home, SIGNAL, {"phases": [{"temperature": 4}]}),
        "training.phases.0.temperature: expected null",
    ),
    "unknown kind": (lambda home: student(home, [LOGITS]) | {"distill": [{"kind": "distill.logit"}]}, "distill.logits"),
    "no kind": (
        lambda home: student(home, [LOGITS]) | {"distill": [{}]},
        'distill.0: expected an object with a "kind"',
    ),
}


@pytest.mark.parametrize("case", BEFORE_TORCH)
def test_a_mistake_in_the_spec_is_one_line(home, case):
    from zoo.teachers.checks import require_teachers

    plain, expected = BEFORE_TORCH[case]
    with pytest.raises(ZooError) as error:
        require_teachers(Registry.discover().run(plain(home)))
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def other_windows(home: Path, name: str, classes: list[str] | None = None, subjects: int = 0, **sizes: Any) -> Path:
    """Other waves, or the same with other names of classes, with subjects from ``subjects`` on."""
    folder = write_waves(home / name, **({"train": 30, "test": 12} | sizes))
    for split, first in (("train", subjects), ("test", subjects + 6)):
        count = len(np.load(folder / f"y_{split}.npy"))
        np.save(folder / f"subject_{split}.npy", first + np.arange(count) // 5)
        if classes:
            np.save(folder / f"y_{split}.npy", np.array(classes)[np.load(folder / f"y_{split}.npy")])
    return folder


def test_a_teacher_without_a_head_is_refused(home, fit):
    with pytest.raises(SpecError, match=r"teachers\.t: expected a classifier, found a model without a head"):
        fit(student(home, [LOGITS], teachers={"t": without_head(home)}))


def test_a_head_without_features_cannot_be_compared(home, fit):
    tokens = {"encoder": {"kind": "conv.encoder", "dim": 4}, "head": {"kind": "heads.token-linear"}}
    plain = student(home, [MAPS])
    with pytest.raises(SpecError, match=r"model\.head: expected a head with features to compare"):
        fit(plain | {"model": tokens})


@pytest.mark.parametrize(
    ("classes", "expected"), [(["b", "c", "a"], "in another order"), (["x", "y", "z"], "class_names")]
)
def test_a_teacher_of_other_classes_or_another_order_is_refused(home, tmp_path, classes, expected):
    named = other_windows(tmp_path, "named", ["a", "b", "c"])
    (named / "classes.txt").write_text("a\nb\nc\n")
    teacher = other_windows(tmp_path, "turned", classes)
    (teacher / "classes.txt").write_text("\n".join(classes) + "\n")
    for folder in (named, teacher):
        names = (folder / "classes.txt").read_text().split()
        for split in ("train", "test"):
            y = np.load(folder / f"y_{split}.npy")
            np.save(folder / f"y_{split}.npy", np.array([names.index(name) for name in y]))

    def of(name: str) -> Any:
        plain = spec(tmp_path, windows=name)
        plain["data"]["source"]["classes"] = "classes.txt"
        return plain

    registry = Registry.discover()
    train(registry.run(of("turned")), tmp_path / "teacher", quiet=True)
    plain = of("named") | {"teachers": {"t": str(tmp_path / "teacher")}, "distill": [LOGITS]}
    with pytest.raises(SpecError, match=expected):
        train(registry.run(plain), tmp_path / "student", quiet=True)


@pytest.fixture(scope="module")
def strangers(home: Path) -> dict[str, str]:
    """Teachers of other data: of the student's subjects, and of none of them."""
    found = {}
    for name, first in (("same people", 6), ("others", 100)):
        other_windows(home, f"windows of {name}", subjects=first, train=33)
        found[name] = str(train(run(home, SIGNAL, None, f"windows of {name}"), home / name, quiet=True).path)
    return found


def test_a_teacher_of_other_data_must_be_allowed(home, strangers, fit):
    teachers = {"t": {"source": strangers["others"]}}
    with pytest.raises(SpecError, match=r"found other data or another split; .*teachers\.t\.other_data: true"):
        fit(student(home, [LOGITS], teachers=teachers))
    fit(student(home, [LOGITS], teachers={"t": teachers["t"] | {"other_data": True}}), "allowed")


def test_a_teacher_that_has_seen_the_test_subjects_is_refused(home, strangers, fit):
    teachers = {"t": {"source": strangers["same people"], "other_data": True}}
    with pytest.raises(SpecError, match=r"not trained on subjects of the test split, found trained on 6, 7"):
        fit(student(home, [LOGITS], teachers=teachers))


def test_a_bundle_of_unknown_data_must_be_allowed(home, tmp_path, fit):
    bare = shutil.copytree(home / "signal" / "bundle", tmp_path / "bare")
    with pytest.raises(SpecError, match="a bundle without a run"):
        fit(student(home, [LOGITS], teachers={"t": str(bare)}))
    with pytest.warns(ZooNote, match="its data are not known"):
        fit(student(home, [LOGITS], teachers={"t": {"source": str(bare), "other_data": True}}), "allowed")


def test_a_teacher_whose_logits_are_not_finite_is_refused_with_the_window(home, tmp_path, fit):
    broken = tmp_path / "broken"
    shutil.copytree(home / "signal", broken)
    model = zoo.load(broken)
    with torch.no_grad():
        next(model.head.parameters()).fill_(torch.nan)
    zoo.save(model, broken / "bundle")
    with pytest.raises(DataError, match=r"teachers\.t: train split, window 0: expected finite logits"):
        fit(student(home, [LOGITS], teachers={"t": str(broken)}))


def test_out_of_fold_logits_must_exist(home, fit):
    teachers = {"t": {"source": str(home / "signal"), "logits": "out-of-fold"}}
    with pytest.raises(SpecError, match=r"teachers\.t\.logits: expected out-of-fold logits .* --folds"):
        fit(student(home, [LOGITS], teachers=teachers))


def test_maps_that_must_be_kept_have_a_limit(home, fit, monkeypatch):
    monkeypatch.setattr(predictions, "LARGEST_MAPS", 100)
    teachers = {"t": {"source": str(home / "signal"), "cache": "gram"}}
    with pytest.raises(SpecError, match=r"teachers\.t\.cache: expected at most 2 training windows .*, found 25"):
        fit(student(home, [MAPS], teachers=teachers))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fingerprint": "another"}, "another fingerprint"),
        ({"classes": ("0", "2", "1")}, "classes"),
        ({"train": np.zeros((7, 3), np.float32)}, "25 rows"),
        ({"train": np.full((25, 3), np.nan, np.float32)}, "finite numbers, found others for window 0"),
        ({"train": np.zeros((25, 2), np.float32)}, r"\(n, 3\) numbers"),
    ],
)
def test_a_file_of_logits_that_does_not_fit_is_refused(home, tmp_path, fit, changes, expected):
    source = logits_file(home, tmp_path / "logits.npz", **changes)
    with pytest.raises(DataError, match=expected):
        fit(student(home, [LOGITS], teachers={"t": source}))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_what_is_no_file_of_logits_is_refused(home, tmp_path, fit, content):
    (tmp_path / "logits.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"expected an \.npz file of logits"):
        fit(student(home, [LOGITS], teachers={"t": str(tmp_path / "logits.npz")}))


def test_a_stored_run_keeps_its_distillation(home, fit):
    plain = student(home, weigh={"kind": "weigh.entropy"})
    stored = json.loads(fit(plain).run_file.read_text())
    again = Registry.discover().run(stored["run"])
    assert again.dump() == Registry.discover().run(plain).with_input(again.model.input).dump()
    assert {"distill", "weigh"} <= stored["plugins"].keys()
