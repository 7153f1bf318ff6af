"""Does an exported file compute what its model computes?"""

import torch
from pydantic import BaseModel
from torch import Tensor
from zoo_registry import SpecError

from zoo.export.formats import Run
from zoo.export.predictor import Predictor
from zoo.export.windows import Windows

BOUND = 1e-3
"""Largest difference of a result, as a share of the largest absolute result, or absolute if that is below 1."""
EXCHANGED = 0.01
"""Share of windows that may differ by more: rounding exchanges two codes at nearly the same distance."""
_BATCH = 256


class Agreement(BaseModel, frozen=True):
    """Results of a file beside those of its model, on ``windows`` described by ``source``.

    ``difference`` is the largest absolute difference of a result, ``beyond`` counts windows with one above the bound,
    ``decisions`` those with the same class; None for a model without classes.
    """

    windows: int
    source: str
    difference: float
    beyond: int
    decisions: int | None


def compare(predictor: Predictor, run: Run, windows: Windows) -> Agreement:
    """Compare, the first window on its own and the others in batches of 256.

    Raises SpecError if more windows differ than two exchanged codes explain, or if a result has another shape.
    """
    sizes = [1, *[_BATCH] * (len(windows.x) // _BATCH + 1)]
    parts = [part for part in _split(windows.x, sizes) if len(part)]
    with torch.inference_mode():
        expected, found = (torch.cat([function(part) for part in parts]) for function in (predictor, run))
    if found.shape != expected.shape:
        raise _differs(f"{predictor.result} {tuple(expected.shape)} as from the model", str(tuple(found.shape)))
    apart = (found - expected).abs().flatten(1).amax(1)
    bound = BOUND * max(1.0, float(expected.abs().max()))
    beyond = int((~(apart <= bound)).sum())  # so that NaN counts
    if beyond > EXCHANGED * len(apart):
        where = f"in {1 - EXCHANGED:.0%} of {len(apart)} {windows.words}"
        raise _differs(
            f"{predictor.result} within {bound:.1g} of the model's {where}",
            f"{beyond} beyond, by up to {float(apart.max()):.3g}",
        )
    decisions = None
    if predictor.result == "logits":
        decisions = int((found.argmax(1) == expected.argmax(1)).sum())
    return Agreement(
        windows=len(apart), source=windows.words, difference=float(apart.max()), beyond=beyond, decisions=decisions
    )


def _split(x: Tensor, sizes: list[int]) -> list[Tensor]:
    ends = torch.tensor(sizes).cumsum(0).tolist()
    return [x[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _differs(expected: str, found: str) -> SpecError:
    return SpecError("the exported file", expected, found, "no file was written; choose another --format")
