"""Rules for a component's `resizing()`: it names existing tensors, and equal sizes change nothing."""

import torch
from torch import Tensor, nn

from zoo.contracts import Component
from zoo.testing.trials import AnyTrial


def check_resizing(trial: AnyTrial, module: nn.Module) -> None:
    """Every rule belongs to a module with tensors and is the identity on them; every stack holds numbered layers."""
    kind = trial.spec.kind
    assert isinstance(module, Component), f"{kind}: {type(module).__name__} is no Component of zoo.contracts"
    resizing, tensors = module.resizing(), dict(module.state_dict())
    for stack in resizing.stacks:
        layers = {name.removeprefix(f"{stack}.").partition(".")[0] for name in tensors if name.startswith(f"{stack}.")}
        assert layers, f"{kind}: resizing() names the stack {stack}, which has no tensors"
        assert all(layer.isdecimal() for layer in layers), f"{kind}: the layers of {stack} are not numbered"
    for owner, rule in resizing.rules.items():
        own = {name.rpartition(".")[2]: tensor for name, tensor in tensors.items() if name.rpartition(".")[0] == owner}
        assert own, f"{kind}: resizing() has a rule for {owner}, which has no tensors"
        resized = rule(own, own, torch.Generator().manual_seed(0))
        if resized is None:
            raise AssertionError(f"{kind}: the rule for {owner} refuses tensors that fit")
        for name, tensor in resized.tensors.items():
            assert _equal(tensor, own[name]), f"{kind}: the rule for {owner} changes {name}, which fits"


def _equal(found: Tensor, expected: Tensor) -> bool:
    return found.shape == expected.shape and torch.allclose(found.to(expected.dtype), expected, rtol=1e-5, atol=1e-6)
