"""What a head reads of every training window, computed once for a phase that trains it alone on a frozen model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map
from zoo_registry import PhaseSpec

from zoo.contracts import Output
from zoo.contracts.processes import world_size
from zoo.data.batch import Batch, batches
from zoo.data.split import Split
from zoo.model.assembly import ZooModel

MOST = 2**30
"""Most bytes to keep, on the device of the model; for larger inputs, the whole model runs in every epoch."""
_Parts = dict[str, Any]


class HeadInput:
    """The ``parts`` of a model's output that its head may read, for every training window, `(n ...)`.

    ``losses`` are those of the frozen parts, as means over all windows: they do not change either.
    """

    def __init__(self, parts: _Parts, losses: dict[str, Tensor]) -> None:
        self._parts, self._losses = parts, losses

    def of(self, batch: Batch) -> Output:
        """What the model gives for ``batch`` before its head, without images and drawn shapes."""
        parts = _mapped(self._parts, lambda part: part[batch.index])
        return Output(x=batch.x, mask=batch.mask, losses=dict(self._losses), **parts)


def trains_head_alone(model: ZooModel, phase: PhaseSpec, phases: int) -> bool:
    """Whether the input of the head is the same in all epochs of ``phase``, which is one of so many ``phases``.

    It is if only the head learns, from its own loss, in several epochs without another phase between them. Text
    components draw random numbers. Several processes would each need all windows, as their shares change.
    """
    weights = phase.weights or {}
    return (
        phase.fit == "gradient"
        and not phase.measure
        and bool(phase.learn)
        and all(path.partition(".")[0] == "head" for path in phase.learn or ())
        and {term for term, weight in weights.items() if weight != 0} == {"ce"}
        and phase.every == "epoch"
        and (phase.length > 1 or phases == 1)
        and model.encoder is not None
        and model.text is None
        and model.spec.head is not None
        and model.spec.head.needs in ("tokens", "codes", "recon")
        and world_size() == 1
    )


@torch.no_grad()
def head_input(model: ZooModel, train: Split, size: int, convert: Callable[[Batch], Batch]) -> HeadInput | None:
    """The input of the head of ``model`` for all windows of ``train``; None if it is larger than `MOST`.

    One pass in eval mode, which the model keeps, in batches of ``size`` in order, so that a resumed run computes the
    same. ``convert`` gives a batch the precision of the training. Runs eagerly: for one pass, compiling does not pay.
    """
    kept: _Parts = {}
    losses: dict[str, Tensor] = {}
    count = len(train)
    model.eval()
    for batch in batches(train, np.arange(count), size, model.device):
        given = convert(batch)
        with torch.compiler.set_stance("force_eager"):
            output: Output = model(given.x, given.mask, given.y)
        found = _parts(model, output)
        if not kept:
            each = sum(part.nbytes for part in tree_leaves(found) if isinstance(part, Tensor)) / len(batch.y)
            if each * count > MOST:
                return None
            kept = _mapped(found, lambda part: part.new_empty(count, *part.shape[1:]))
        for whole, part in zip(tree_leaves(kept), tree_leaves(found), strict=True):
            if isinstance(whole, Tensor):
                whole[batch.index] = part
        for name, value in output.losses.items():
            losses[name] = losses.get(name, torch.zeros_like(value)) + value * (len(batch.y) / count)
    return HeadInput(kept, losses)


def _parts(model: ZooModel, output: Output) -> _Parts:
    reads_recon = model.spec.head is not None and model.spec.head.needs == "recon"
    return {
        "x_recon": output.x_recon if reads_recon else None,
        "scale": output.scale,
        "tokens": output.tokens,
        "quantized": output.quantized,
    }


def _mapped(parts: _Parts, change: Callable[[Tensor], Tensor]) -> _Parts:
    mapped: _Parts = tree_map(lambda part: change(part) if isinstance(part, Tensor) else part, parts)
    return mapped
