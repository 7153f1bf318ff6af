"""Does an exported file compute what its model computes? Numbers are close, codes are equal."""

from collections.abc import Mapping

import torch
from pydantic import BaseModel
from torch import Tensor
from zoo_registry import SpecError

from zoo.export.formats import Run
from zoo.export.predictor import Predictor
from zoo.export.windows import Windows

BOUND = 1e-3
"""Largest difference of a number, as a share of the largest absolute one, or absolute if that is below 1."""
ROUNDING = 1e-5
"""Noise, as a share of the deviation of a series, that changes tokens as rounding does, and .2 % of codes at most."""
_COPIES = 256
"""Changed windows that are tried for a window with other results."""
_BATCH = 256

Found = Mapping[str, Tensor]


class Agreement(BaseModel, frozen=True):
    """Results of a file beside those of its model, on ``windows`` described by ``source``.

    ``difference`` is the largest absolute difference of a number. ``decisions`` counts windows with the same class;
    ``equal`` of ``codes`` are equal. Both are None for a file without them. ``ties`` counts windows with another code
    that the model gives too as soon as the window changes by rounding.
    """

    windows: int
    source: str
    difference: float
    ties: int
    decisions: int | None
    codes: int | None
    equal: int | None


def compare(predictor: Predictor, run: Run, windows: Windows) -> Agreement:
    """Compare, the first window on its own and the others in batches of 256.

    Raises SpecError if a result has another shape, a number is beyond the bound, or a code differs: unless the model
    itself gives the results of the file for the same window with changes as small as rounding.
    """
    parts = _split(windows.x)
    with torch.inference_mode():
        expected, found = (_joined([predictor.named(each(part)) for part in parts]) for each in (predictor, run))
        _require_shapes(expected, found)
        other = {name: _other(value, expected[name], _bound(expected[name])) for name, value in found.items()}
        ties = torch.stack(list(other.values())).any(0).nonzero().flatten().tolist()
        for row in ties:
            if not _is_tie(predictor, windows.x[row], {name: value[row] for name, value in found.items()}, expected):
                raise _differs(row, expected, found, other, windows.words)
    numbers = [value - expected[name] for name, value in found.items() if value.is_floating_point()]
    logits, codes = found.get("logits"), found.get("codes")
    return Agreement(
        windows=len(windows.x),
        source=windows.words,
        difference=max((float(value.abs().max()) for value in numbers), default=0.0),
        ties=len(ties),
        decisions=None if logits is None else int((logits.argmax(1) == expected["logits"].argmax(1)).sum()),
        codes=None if codes is None else codes.numel(),
        equal=None if codes is None else int((codes == expected["codes"]).sum()),
    )


def _split(x: Tensor) -> list[Tensor]:
    return [x[:1], *(x[start : start + _BATCH] for start in range(1, len(x), _BATCH))]


def _joined(parts: list[dict[str, Tensor]]) -> Found:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _require_shapes(expected: Found, found: Found) -> None:
    for name, value in expected.items():
        given = found.get(name)
        if given is None or (given.shape, given.dtype) != (value.shape, value.dtype):
            words = "none" if given is None else _described(given)
            raise _refused(f"{name} {_described(value)} as from the model", words)


def _described(value: Tensor) -> str:
    """Sizes and type, such as `(2, 3) float32`."""
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"


def _bound(expected: Tensor) -> float | None:
    """The largest difference of numbers; None for codes, which must be equal."""
    return BOUND * max(1.0, float(expected.abs().max())) if expected.is_floating_point() else None


def _other(found: Tensor, expected: Tensor, bound: float | None) -> Tensor:
    """The windows `(b)` whose results differ."""
    if bound is None:
        return (found != expected).flatten(1).any(1)
    return ~((found - expected).abs().flatten(1).amax(1) <= bound)  # so that NaN counts


def _is_tie(predictor: Predictor, window: Tensor, found: Found, expected: Found) -> bool:
    """Whether the model gives ``found`` for copies of `window (c ...)` with noise as small as rounding.

    Each code may come from another copy, as several codes of a window may be ties.
    """
    noise = torch.randn(_COPIES, *window.shape, generator=torch.Generator().manual_seed(0))
    deviation = window.flatten(1).std(1).view(-1, *[1] * (window.dim() - 1))
    given = predictor.named(predictor(window + ROUNDING * deviation * noise))
    return all(_reached(given[name], value, _bound(expected[name])) for name, value in found.items())


def _reached(given: Tensor, found: Tensor, bound: float | None) -> bool:
    """Whether some of the copies ``given`` have the result ``found``: as a whole, or the codes of each token."""
    if bound is None:
        return bool((given == found).all(-1).any(0).all())
    return not bool(_other(given, found.expand_as(given), bound).all())


def _differs(row: int, expected: Found, found: Found, other: Found, source: str) -> SpecError:
    """The error for a window that is no tie."""
    name = next(name for name, rows in other.items() if rows[row])
    value, windows = found[name], int(other[name].sum())
    where = f"{len(other[name])} {source}"
    if (bound := _bound(expected[name])) is None:
        wrong = int((value != expected[name]).sum())
        words = f"{wrong:,} of {value.numel():,} {name} differ, in {windows} windows such as {row}"
        return _refused(f"{name} equal to the model's in {where}", words)
    apart = float((value - expected[name]).abs().max())
    return _refused(
        f"{name} within {bound:.1g} of the model's in {where}",
        f"{windows} windows beyond, such as {row}, by up to {apart:.3g}",
    )


def _refused(expected: str, found: str) -> SpecError:
    return SpecError("the exported file", expected, found, "no file was written; choose another --format")
