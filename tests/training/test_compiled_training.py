"""Training with `trainer.compile` gives the weights of training without it."""

import pytest
import torch
from torch import nn
from zoo_registry import SpecError, TrainerSpec

import zoo
from zoo.training.fit import train

TRAINING = {
    "epochs": 2,
    "optimizer": {"kind": "sgd", "lr": 0.05},
    "phases": [{"name": "all", "length": 1}, {"name": "head", "learn": ["head"], "weights": {"ce": 1}}],
}
STILL = {
    "encoder": {"kind": "conv.encoder", "dim": 8},
    "quantizer": {"kind": "vqshape.codebook", "codes": 8},
    "decoder": {"kind": "conv.decoder", "dim": 8},
    "head": {"kind": "heads.token-linear"},
}
"""Without dropout, whose draws differ in a compiled program."""


@pytest.mark.slow
def test_a_compiled_run_learns_the_same(run_of, tmp_path, monkeypatch):
    """With phases that freeze; traced and differentiated ahead of time, without the slow compiler backend."""
    compiled, traced = nn.Module.compile, []

    def ahead_of_time(module: nn.Module) -> None:
        traced.append(type(module).__name__)
        compiled(module, backend="aot_eager")

    monkeypatch.setattr(nn.Module, "compile", ahead_of_time)
    expected = zoo.load(train(run_of(STILL, TRAINING), tmp_path / "plain", quiet=True).bundle).state_dict()
    run = run_of(STILL, TRAINING, trainer={"compile": True})
    found = zoo.load(train(run, tmp_path / "compiled", quiet=True).bundle).state_dict()
    assert traced == ["ZooModel"]
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)


def test_fsdp_is_refused():
    with pytest.raises(SpecError, match=r"trainer\.compile: expected false for fsdp"):
        TrainerSpec(strategy="fsdp", compile=True)
