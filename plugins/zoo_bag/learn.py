"""Unsupervised learning of a bag from training windows: codebooks by k-means, knots by quantiles."""

from collections.abc import Iterable

import torch
from torch import Tensor

from zoo.contracts import kmeans
from zoo_bag.layout import Kind
from zoo_bag.stretches import Stretches

WINDOWS = 1024
"""Number of training windows from which stretches are sampled."""
_PLACES = 20_480
"""Number of places that are sampled; each gives a stretch of every channel."""
_STRETCHES = 20_480
"""Number of stretches for the k-means of a codebook, from all its scales together: 40 for each of 512 codes."""


def draw(parts: Iterable[Stretches], windows: int) -> Stretches:
    """Stretches at randomly sampled places of ``parts``, which have ``windows`` windows in total; each field `(1 g p
    ...)`."""
    drawn = zip(*(_draw(part, windows) for part in parts), strict=True)
    return Stretches(*(None if fields[0] is None else torch.cat(fields, 2) for fields in drawn))  # type: ignore[arg-type]  # seen alone may be None


def _draw(read: Stretches, windows: int) -> Stretches:
    """Stretches at the places sampled from one part, in proportion to its windows."""
    total = read.mu.shape[0] * read.mu.shape[2]
    kept = torch.randperm(total)[: -(-_PLACES * read.mu.shape[0] // windows)]

    def taken(field: Tensor) -> Tensor:
        return field.transpose(0, 1).flatten(1, 2)[:, kept].unsqueeze(0)

    return Stretches(*(None if field is None else taken(field) for field in read))  # type: ignore[arg-type]


def some_shapes(stretches: Stretches, kind: Kind, users: int) -> Tensor:
    """The shapes of ``kind`` that one of ``users`` scales gives to their codebook: random fully observed ones, `(n
    e)`."""
    axis = kind == "axis"
    shapes = stretches.axis if axis else stretches.joint
    seen = stretches.seen if axis else stretches.seen_jointly
    rows = shapes.flatten(0, 2) if seen is None else shapes[seen]
    return rows[torch.randperm(len(rows))[: _STRETCHES // users]]


def learn_codes(shapes: Tensor, size: int) -> Tensor:
    """``size`` codes `(k e)` of `shapes (n e)` by k-means; 0 if there are no shapes."""
    return kmeans(shapes, size).vectors if len(shapes) else shapes.new_zeros(size, shapes.shape[-1])


def learn_knots(stretches: Stretches, cells: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Quantiles of mean and deviation per channel, `(c m)` and `(c n)`: the centres of equally used cells."""
    return _quantiles(stretches.mu, stretches.seen, cells[0]), _quantiles(stretches.sigma, stretches.seen, cells[1])


def _quantiles(values: Tensor, seen: Tensor | None, cells: int) -> Tensor:
    shares = (torch.arange(cells, dtype=values.dtype) + 0.5) / cells
    known = values if seen is None else torch.where(seen, values, torch.nan)
    found = known.transpose(0, 1).flatten(1).nanquantile(shares, dim=1)
    return found.T.nan_to_num(0).contiguous()
