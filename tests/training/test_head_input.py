"""A head trained alone reads its input once, and learns the same as if the whole model ran in every epoch."""

from collections.abc import Callable
from typing import Any

import lightning as L
import pytest
from small_runs import SHAPES, SIGNAL
from stopped import differing, rows, stopped_and_resumed
from torch import Tensor, nn
from zoo_registry import ModelSpec, PhaseSpec, Registry

from zoo.model.assembly import ZooModel
from zoo.runs.folder import RunFolder
from zoo.training import devices, head_input
from zoo.training.fit import train
from zoo.training.head_input import trains_head_alone

RECONSTRUCT = {"learn": ["encoder", "quantizer", "decoder"], "weights": {"x": 1, "z": 1, "s": 1}}
READ = {"name": "read", "learn": ["head"], "weights": {"ce": 1}}
HEADS = {
    "tokens": {"kind": "heads.token-linear", "dropout": 0.3},
    "codes": {"kind": "heads.histogram-linear"},
    "recon": {"kind": "wrn.recon", "depth": 10},
}
WINDOWS, VALIDATION = 24, 6
Train = Callable[..., RunFolder]


class Counted(L.Callback):
    """Counts the windows that the encoder of a training reads in each epoch, validation and all."""

    def __init__(self) -> None:
        self.epochs: list[int] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        def count(encoder: nn.Module, given: tuple[Tensor, ...]) -> None:
            self.epochs[-1] += len(given[0])

        encoder = pl_module.get_submodule("model.encoder")
        encoder.register_forward_pre_hook(count)

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.epochs.append(0)


def counted(run: Any, path: Any) -> tuple[RunFolder, list[int]]:
    windows = Counted()
    return train(run, path, quiet=True, hooks=[windows]), windows.epochs


def require_same(one: RunFolder, other: RunFolder) -> None:
    """Equal weights and numbers; losses of frozen parts, which are measured in other batches, nearly."""
    assert differing(one, other) == []
    for here, there in zip(rows(one), rows(other), strict=True):
        for name in set(here) - {"seconds", "train/scale"}:
            if name.startswith("train/") and not name.startswith(("train/ce", "train/loss")) and here[name]:
                assert float(here[name]) == pytest.approx(float(there[name]), rel=1e-4, abs=1e-7), name
            else:
                assert here[name] == there[name], name


@pytest.mark.slow
@pytest.mark.parametrize(("needs", "precision"), [*((needs, "32-true") for needs in HEADS), ("tokens", "bf16-linear")])
def test_the_head_learns_the_same_bit_by_bit_and_the_encoder_reads_training_windows_once(
    run_of, tmp_path, monkeypatch, needs, precision
):
    """24 windows in batches of 6. Windows of a last, smaller batch may differ in the last digit."""
    monkeypatch.setattr(devices, "has_bf16", lambda: True)
    phases = [RECONSTRUCT | {"weights": {"x": 1}}, READ | {"length": 3}]
    trainer = {"precision": precision}
    run = run_of(SHAPES | {"head": HEADS[needs]}, {"epochs": 4, "phases": phases}, trainer=trainer)
    once, windows = counted(run, tmp_path / "once")
    monkeypatch.setattr(head_input, "MOST", 0)
    always, all_windows = counted(run, tmp_path / "always")
    require_same(once, always)
    usual = WINDOWS + VALIDATION
    assert windows == [usual, usual, VALIDATION, VALIDATION]
    assert all_windows == [usual, usual + 6, usual, usual]  # the first batch tells how large all would be


@pytest.mark.slow
def test_a_phase_that_comes_again_reads_what_was_learned_meanwhile(run_of, tmp_path, monkeypatch):
    run = run_of(SHAPES, {"epochs": 8, "phases": [RECONSTRUCT | {"length": 2}, READ | {"length": 2}]})
    once, windows = counted(run, tmp_path / "once")
    monkeypatch.setattr(head_input, "MOST", 0)
    require_same(once, train(run, tmp_path / "always", quiet=True))
    usual = WINDOWS + VALIDATION
    assert windows == [usual, usual, usual, VALIDATION] * 2


@pytest.mark.slow
@pytest.mark.parametrize("after", [2, 3], ids=["as the phase begins", "within the phase"])
def test_a_resumed_run_equals_an_undisturbed_one(run_of, tmp_path, after):
    """Batches of 7 leave one of 3, whose windows are read in batches of 7 all the same."""
    phases = [RECONSTRUCT | {"length": 2}, READ | {"length": 3}]
    run = run_of(SHAPES | {"head": HEADS["tokens"]}, {"epochs": 5, "batch": 7, "phases": phases})
    require_same(stopped_and_resumed(run, tmp_path / "stopped", after), train(run, tmp_path / "whole", quiet=True))


def test_a_head_alone_in_the_run_reads_its_input_once(run_of, tmp_path):
    _, windows = counted(run_of(SHAPES, {"epochs": 3, "phases": [READ]}), tmp_path / "run")
    assert windows == [WINDOWS + VALIDATION, VALIDATION, VALIDATION]


@pytest.mark.slow
def test_precision_and_gradient_norms_are_as_always(run_of, tmp_path, monkeypatch):
    run = run_of(SHAPES, {"epochs": 2, "phases": [READ]}, trainer={"precision": "64-true"})
    once = train(run, tmp_path / "once", quiet=True, diagnose=True)
    monkeypatch.setattr(head_input, "MOST", 0)
    require_same(once, train(run, tmp_path / "always", quiet=True, diagnose=True))
    assert float(rows(once)[1]["grad/ce/head"]) > 0


def built(model: dict[str, Any]) -> ZooModel:
    spec: ModelSpec = Registry.discover().model({"input": {"channels": 2, "length": 40, "classes": 3}, **model})
    return ZooModel(spec)


@pytest.mark.parametrize(
    ("phase", "phases", "expected"),
    [
        (READ, 1, True),
        (READ | {"length": 2}, 2, True),
        (READ | {"learn": ["head.classify"]}, 1, True),
        (READ | {"weights": {"ce": {"over": 3}, "x": 0}}, 1, True),
        (READ, 2, False),
        (READ | {"every": "batch", "length": 9}, 1, False),
        (READ | {"weights": {"ce": 1, "x": 0.1}}, 1, False),
        (READ | {"weights": None}, 1, False),
        (READ | {"learn": ["head", "decoder"]}, 1, False),
        (READ | {"learn": None}, 1, False),
        (READ | {"learn": [], "measure": True}, 1, False),
        (READ | {"fit": "closed"}, 1, False),
    ],
)
def test_only_a_phase_that_would_read_the_same_in_every_epoch_reads_once(phase, phases, expected):
    assert trains_head_alone(built(SHAPES), PhaseSpec.model_validate(phase), phases) is expected


def test_a_head_that_reads_the_signal_itself_has_nothing_to_keep():
    assert not trains_head_alone(built(SIGNAL), PhaseSpec.model_validate(READ), 1)
