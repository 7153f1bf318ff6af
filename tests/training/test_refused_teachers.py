"""Teachers that do not suit a student are refused in one line, before torch where specs suffice."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import SIGNAL
from taught import LOGITS, MAPS, logits_file, run, spec, student
from waves import write_waves
from zoo_registry import DataError, Registry, SpecError, ZooError, ZooNote

import zoo
from zoo.teachers import predictions
from zoo.training.fit import train


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
