"""Which component of a model calls an operation, for the message that a format does not have it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from zoo.export.predictor import Predictor
from zoo.kernels import Portable

BRANCH = "aten::_local_scalar_dense"
"""What reads a number out of a tensor, so that Python can branch on it."""


def caller(predictor: Predictor, operation: str) -> str:
    """Role and kind of the first component that calls ``operation`` while a graph is recorded, else of one that raises.

    `model` if it is none of them.
    """
    names = {
        id(module): f"{role} {spec.kind}"
        for role, spec in predictor.model.spec.components()
        for module in getattr(predictor.model, role).modules()
    }
    with _following(names) as inside, Portable(), _Operations(inside) as operations, suppress(Exception):
        torch.jit.trace(predictor, predictor.example(), check_trace=False, strict=False)  # type: ignore[no-untyped-call]
        inside.clear()
    return operations.callers.get(operation) or next(iter(inside), "model")


@contextmanager
def _following(names: Mapping[int, str]) -> Iterator[list[str]]:
    """The names of the modules that are being called, from the outermost to the innermost; kept if one raises."""
    inside: list[str] = []

    def enter(module: nn.Module, _: object) -> None:
        if id(module) in names:
            inside.append(names[id(module)])

    def leave(module: nn.Module, _: object, __: object) -> None:
        if id(module) in names:
            inside.pop()

    hooks = [register_module_forward_pre_hook(enter), register_module_forward_hook(leave)]
    try:
        yield inside
    finally:
        for hook in hooks:
            hook.remove()


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """The outermost of ``inside`` at the first call of every operation, by its name without overload."""

    def __init__(self, inside: Sequence[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.inside = inside
        self.callers: dict[str, str] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if self.inside:
            self.callers.setdefault(func.name().partition(".")[0], self.inside[0])
        return func(*args, **(kwargs or {}))
