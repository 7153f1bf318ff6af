"""Training with `trainer.compile` gives the weights of training without it."""

import pytest
import torch
from small_runs import SHAPES
from torch import nn
from zoo_registry import SpecError, TrainerSpec

import zoo
from zoo.training.fit import train

TRAINING = {
    "epochs": 3,
    "optimizer": {"kind": "sgd", "lr": 0.05},
    "phases": [{"name": "all", "length": 2}, {"name": "head", "learn": ["head"], "weights": {"ce": 1}}],
}
STILL = {**SHAPES, "encoder": {**SHAPES["encoder"], "mask_ratio": 0.0, "dropout": 0.0},
         "decoder": {**SHAPES["decoder"], "dropout": 0.0}}  # fmt: skip


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
