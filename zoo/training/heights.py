"""Heights of drawn shapes and of the stretches that they represent, from a few windows of every training step."""

import torch
from torch import Tensor

from zoo.contracts import Output
from zoo.evaluation.shape_fit import heights, stretches
from zoo.model.assembly import ZooModel

FEW = 8
"""Number of windows per batch that are measured: a hundred tokens or more, at negligible cost."""


@torch.no_grad()
def drawn_heights(model: ZooModel, output: Output) -> dict[str, Tensor]:
    """Deviations summed over the tokens of a few windows: `drawn` of their shapes, `true` of their stretches.

    Both in the units of the series; empty if the decoder draws no shapes, or has no targets for them.
    """
    found = stretches(model, _first(output))
    if found is None:
        return {}
    drawn, true = heights(found)
    return {"drawn": drawn.sum().float(), "true": true.sum().float()}


def _first(output: Output) -> Output:
    """The input of ``stretches`` for the first windows only."""
    tokens = output.coded
    if tokens is not None:
        attributes = {name: part[:FEW] for name, part in tokens.attributes.items()}
        mask = None if tokens.mask is None else tokens.mask[:FEW]
        tokens = tokens._replace(values=tokens.values[:FEW], mask=mask, attributes=attributes)
    return Output(
        x=output.x[:FEW],
        mask=None if output.mask is None else output.mask[:FEW],
        shapes=None if output.shapes is None else output.shapes[:FEW],
        tokens=tokens,
    )
