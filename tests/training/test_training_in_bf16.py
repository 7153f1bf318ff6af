"""Training with products of linear layers in bfloat16."""

import pytest
import torch
from small_runs import SHAPES
from stopped import differing, stopped_and_resumed, weights
from zoo_registry import SpecError, TrainingError

from zoo.training import devices
from zoo.training.fit import train

BF16 = {"precision": "bf16-linear"}


@pytest.fixture
def bf16(monkeypatch):
    """A CPU that has it: others give the same numbers, slowly."""
    monkeypatch.setattr(devices, "has_bf16", lambda: True)


def test_it_changes_what_is_learned_by_roundings_only(run_of, tmp_path, bf16):
    exact, rounded = (
        weights(train(run_of(SHAPES, {}, trainer=trainer), tmp_path / name, quiet=True))
        for name, trainer in (("exact", {}), ("rounded", BF16))
    )
    changed = [name for name, value in exact.items() if not torch.equal(value, rounded[name])]
    assert changed
    assert {value.dtype for value in rounded.values() if value.is_floating_point()} == {torch.float32}
    for name in changed:
        torch.testing.assert_close(rounded[name], exact[name], rtol=0.05, atol=0.01)


def test_a_stopped_run_resumes_to_the_same_weights(run_of, tmp_path, bf16):
    run = run_of(SHAPES, {}, trainer=BF16)
    whole = train(run, tmp_path / "whole", quiet=True)
    assert not differing(whole, stopped_and_resumed(run, tmp_path / "stopped", 1))


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        (
            {"accelerator": "gpu"},
            "trainer.accelerator: expected cpu or auto for bf16-linear, found gpu; set trainer.precision to bf16-mixed",
        ),
        ({"compile": True}, "trainer.compile: expected false for bf16-linear"),
        ({"strategy": "fsdp"}, "trainer.precision: expected 32-true or bf16-mixed for fsdp, found bf16-linear"),
    ],
)
def test_specs_that_it_does_not_go_with_are_refused(run_of, trainer, message):
    with pytest.raises(SpecError, match=message):
        run_of(SHAPES, {}, trainer=BF16 | trainer)


def test_a_cpu_that_would_emulate_it_is_refused(run_of, tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "has_bf16", lambda: False)
    with pytest.raises(TrainingError, match=r"a CPU that multiplies in bfloat16, .*set it to 32-true"):
        train(run_of(SHAPES, {}, trainer=BF16 | {"accelerator": "cpu"}), tmp_path / "run", quiet=True)


def test_a_machine_that_trains_on_a_gpu_is_refused():
    with pytest.raises(TrainingError, match="32-true or bf16-mixed on a GPU, found bf16-linear; set it to bf16-mixed"):
        devices._require_bf16("gpu")
