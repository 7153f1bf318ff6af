"""Cost of a model: parameters and floating-point operations of every component, from one forward pass."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from zoo_registry import PluginError, Shape

from zoo.contracts import Output
from zoo.model.assembly import ZooModel
from zoo.model.memory import require_room_to_run, run_once


@dataclass(frozen=True)
class Cost:
    """One component: its role, kind, parameters, and FLOPs for one window."""

    role: str
    kind: str
    parameters: int
    flops: int


@dataclass(frozen=True)
class Bill:
    """The cost of every component and of the whole; ``flops`` includes the operations of the assembly between them.

    Counts matrix products, attention and convolutions; a multiply-add is two operations.
    """

    costs: Sequence[Cost]
    parameters: int
    flops: int


def bill(model: ZooModel) -> Bill:
    """Run ``model`` once on a window of noise and count; the model and the random state do not change.

    Raises SpecError if a forward pass does not fit into memory, and PluginError if the output shape of a component
    differs from its spec.
    """
    require_room_to_run(model.spec)
    with torch.random.fork_rng(devices=[]), _countable(), FlopCounterMode(display=False) as counter:
        output = run_once(copy.deepcopy(model), torch.randn(1, *model.trace.signal.sizes))
    _require_promises(model, output)
    flops = _by_role(counter)
    costs = [
        Cost(role, str(part.kind), _parameters(model.get_submodule(role)), flops.get(role, 0))
        for role, part in model.spec.components()
    ]
    return Bill(costs, _parameters(model), flops["model"])


@contextmanager
def _countable() -> Iterator[None]:
    """Attention as plain matrix products: the counter does not support every fused kernel of every device."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def _by_role(counter: FlopCounterMode) -> dict[str, int]:
    """Total under "model", and under each role the operations of its outermost modules, for any calling method."""
    found = {"model": counter.get_total_flops()}
    outermost: list[str] = []
    for name in sorted(counter.get_flop_counts(), key=len):
        parts = name.split(".")
        if len(parts) < 2 or any(name.startswith(f"{above}.") for above in outermost):
            continue
        outermost.append(name)
        found[parts[1]] = found.get(parts[1], 0) + sum(counter.get_flop_counts()[name].values())
    return found


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _require_promises(model: ZooModel, output: Output) -> None:
    promised = model.trace
    given = [
        ("image", promised.image, output.image),
        ("encoder", promised.tokens, output.tokens.values if output.tokens else None),
        ("quantizer", promised.codes and promised.tokens, output.quantized.values if output.quantized else None),
        ("decoder", promised.recon, output.x_recon),
        ("decoder", promised.shapes, output.shapes),
        ("head", promised.logits, output.logits),
    ]
    for role, shape, tensor in given:
        _require_promise(role, shape, tensor)


def _require_promise(role: str, promised: Shape | None, tensor: Tensor | None) -> None:
    found = None if tensor is None else tuple(tensor.shape[1:])
    if found != (promised.sizes if promised else None):
        expected = f"{promised}, as its spec promises" if promised else "no such output"
        raise PluginError(role, expected, str(found), "report it to the plugin's author")
