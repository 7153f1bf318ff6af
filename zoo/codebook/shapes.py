"""The shape of a code: as the decoder draws it, or the mean over its tokens of drawn shapes or input stretches."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor
from zoo_registry.attributes import give_places

from zoo.contracts import CodedOutput, Tokens, read_stretches
from zoo.model.assembly import ZooModel
from zoo.model.coded import CodedModel

Array = NDArray[Any]
Source = Literal["decoded", "mean decoded", "mean input"]

_SAMPLES = 64
"""Number of samples of a mean input."""
_LEAST = 1e-6
"""Deviation of a drawn shape, or of a stretch over that of its series, under which it is constant."""
_COHERENT = 0.1
"""Deviation of a mean of standardised shapes under which they have nothing in common, and the mean is constant."""
_ROWS = 32


def shape_source(model: CodedModel) -> Source | None:
    """Source of the shapes of codes; None if a code has no known shape.

    A single residual level has no shape: it gets the mean over its tokens of the complete shapes.
    """
    encoder = model.model.spec.encoder
    if model.model.trace.shapes is not None:
        return "decoded" if model.levels == 1 else "mean decoded"
    known = encoder is not None and encoder.reads == "c t" and give_places(encoder.attributes)
    return "mean input" if known else None


@torch.no_grad()
def decoded_shapes(model: CodedModel, used: Sequence[Array]) -> list[Array]:
    """Normalised shapes `(u s)` of each book's ``used`` codes `(u)`, float64, one token drawn per code.

    There is a book per channel, or one for all channels: then its codes are spread over the channels.
    """
    tokens = model.tokens
    columns = tokens["c"] // len(used)
    rows = max(1, -(-max(map(len, used)) // (columns * tokens["n"])))
    padded = [np.pad(codes, (0, rows * columns * tokens["n"] - len(codes))) for codes in used]
    numbers = rearrange(np.stack(padded), "g (b c n) -> b (g c) n 1", b=rows, c=columns)
    device = model.device
    parts = torch.split(torch.from_numpy(np.ascontiguousarray(numbers, dtype=np.int64)).to(device), _ROWS)
    drawn = torch.cat([drawn_shapes(model.model, model.quantizer.decode(part)).cpu() for part in parts])
    books = rearrange(drawn.double().numpy(), "b (g c) n s -> g (b c n) s", g=len(used))
    return [book[: len(codes)] for book, codes in zip(books, used, strict=True)]


def drawn_shapes(model: ZooModel, values: Tensor) -> Tensor:
    """Normalised shapes `(b c n s)` that the decoder draws for token ``values (b c n d)`` with plain attributes."""
    declared = model.spec.encoder.attributes if model.spec.encoder is not None else ()
    plain = {attribute.name: torch.full_like(values[..., 0], attribute.plain) for attribute in declared}
    return standardised(model.draw(Tokens(values, attributes=plain)).double(), _LEAST)


def token_shapes(model: ZooModel, output: CodedOutput, source: Source | None) -> tuple[Tensor, Tensor | None] | None:
    """Normalised shapes `(b c n s)` of which a code's is the mean, and which of them are known; None for none."""
    if source == "mean decoded":
        return drawn_shapes(model, output.coded.values), None
    if source == "mean input" and output.tokens.places is not None:
        return _inputs(model, output, *output.tokens.places)
    return None


def _inputs(model: ZooModel, output: CodedOutput, start: Tensor, length: Tensor) -> tuple[Tensor, Tensor | None]:
    """Stretches of the folded series under tokens; those with an unobserved sample are not known."""
    folded, mask = model.fusion.fold(output.x, output.mask)
    series = folded.double()
    shapes, observed = read_stretches(series, start.double(), length.double(), _SAMPLES, mask)
    known = None if observed is None else observed.all(-1)
    least = _LEAST * series.std(-1, correction=0)[..., None, None]
    return standardised(shapes, least), known


def mean_shapes(sums: Array, counts: Array) -> Array:
    """Normalised means `(u s)` of standardised shapes, from their ``sums (u s)`` and ``counts (u)``."""
    return normalised(sums / np.maximum(counts, 1)[:, None], _COHERENT)


def normalised(shapes: Array, least: float = _LEAST) -> Array:
    """`(... s)` as ``standardised`` does it."""
    found: Array = standardised(torch.from_numpy(shapes), least).numpy()
    return found


def standardised(x: Tensor, least: float | Tensor) -> Tensor:
    """`(... s)` less its mean over its deviation; 0 where the deviation is not above ``least``."""
    away = x - x.mean(-1, keepdim=True)
    deviation = away.square().mean(-1, keepdim=True).sqrt()
    varies = deviation > least
    return torch.where(varies, away / torch.where(varies, deviation, 1), 0)
