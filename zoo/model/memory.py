"""Refuse a model that does not fit into memory before allocating it: large models are first built on torch's meta
device.

Small models are not, because that device takes seconds to load.
"""

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from zoo_registry import ModelSpec, SpecError, ZooError

from zoo.contracts import Output, adapted_in
from zoo.model.assembly import ZooModel

_BYTES_PER_PARAMETER = 16
"""A weight, its gradient and the two Adam moments, four bytes each."""
_TENSORS_AT_ONCE = 3
"""An operation needs at least its input, its output and some workspace."""
_FEW_PARAMETERS = 100_000_000
_SHORT_STAGE = 2**18
_FACTORIES = (torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full)
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class LargeError(Exception):
    """A model has more values than are allocated without a check on the meta device."""


class FewParameters(TorchFunctionMode):
    """Allow tensors of up to 100 million values in total; raise LargeError before allocating the tensor that exceeds
    it."""

    def __init__(self) -> None:
        super().__init__()
        self.left = min(_FEW_PARAMETERS, available() // _BYTES_PER_PARAMETER)

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in _FACTORIES:
            self.left -= _numbers((kwargs or {}).get("size", args))
        elif func is Tensor.clone:
            self.left -= args[0].numel()
        if self.left < 0:
            raise LargeError
        return func(*args, **(kwargs or {}))


def _numbers(sizes: Sequence[Any]) -> int:
    """Number of values requested by arguments such as `(3, 4)` or `((3, 4), fill)`."""
    if sizes and isinstance(sizes[0], Sequence):
        sizes = sizes[0]
    return math.prod(size for size in sizes if isinstance(size, int))


def require_room_for_parameters(spec: ModelSpec) -> None:
    """Raise SpecError if the parameters with their gradients and Adam moments do not fit into memory."""
    model = _weightless(spec)
    count = sum(parameter.numel() for parameter in model.parameters()) if model else 0
    if count * _BYTES_PER_PARAMETER > available():
        expected = f"parameters that fit into {_gib(available())} with gradient and optimizer"
        raise SpecError("model", expected, f"{count:,} parameters", "make widths, layers or codes smaller")


def require_room_to_run(spec: ModelSpec) -> None:
    """Raise SpecError if the forward pass of one window creates a tensor that does not fit into memory."""
    if max(math.prod(shape.sizes) for _, shape in spec.trace().stages()) <= _SHORT_STAGE:
        return
    model = _weightless(spec)
    largest = _largest_tensor(model) if model else 0
    if largest * _TENSORS_AT_ONCE > available():
        expected = f"a forward pass that fits into {_gib(available())}"
        raise SpecError("model", expected, f"one tensor of {_gib(largest)}", "make the input or widths smaller")


def run_once(model: ZooModel, x: Tensor) -> Output:
    """One forward pass only for shapes, with statistics marked as filled; do not use ``model`` afterwards."""
    for module in adapted_in(model):
        module.filled = torch.tensor(True)
    output: Output = model.eval().requires_grad_(False)(x)
    return output


@cache
def available() -> int:
    """Bytes that this process may use: the machine's memory, or the limit of its container."""
    limits = [_physical()]
    for path in map(Path, _CGROUP_LIMITS):
        if path.is_file() and (text := path.read_text().strip()).isdigit():
            limits.append(int(text))
    return min(limits)


class _Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Bytes of the largest tensor created by any operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = 0

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self.bytes = max(self.bytes, leaf.untyped_storage().nbytes())
        return result


def _largest_tensor(model: ZooModel) -> int:
    largest = _Largest()
    with largest, suppress(Exception):  # a component that reads tensor values; earlier operations still count
        run_once(model, torch.zeros(1, *model.trace.signal.sizes, device="meta"))
    return int(largest.bytes)


def _weightless(spec: ModelSpec) -> ZooModel | None:
    """The model on the meta device, without memory, or None if a component cannot be built there."""
    try:
        with torch.device("meta"):
            return ZooModel(spec)
    except ZooError:
        raise
    except Exception:  # a builder that reads tensor values; if it is broken, the real build raises the error
        return None


def _physical() -> int:
    if sys.platform == "win32":  # has no portable query; its own limit applies
        return 2**40
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _gib(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB"
