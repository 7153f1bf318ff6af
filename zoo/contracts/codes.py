"""Codebooks of another size: the most used codes are split, or the nearest codes are merged."""

from dataclasses import dataclass

import torch
from torch import Tensor

from zoo.contracts.resizing import Resize, Resized, Tensors

_NUDGE = 0.1
"""Distance of a new code from its parent, as a share of the parent's distance to its nearest neighbour."""
_ROWS = 1024


@dataclass
class Book:
    """Codes `vectors (k d)` of one level; and how often each was used, `counts (k)`, None if unknown."""

    vectors: Tensor
    counts: Tensor | None = None


@dataclass(frozen=True)
class ResizeCodes(Resize):
    """Codes `(k d)` or `(q k d)` in the tensor ``codes``, level by level.

    ``counts (q k)`` and ``sums (q k d)``, the moving averages behind the codes, stay consistent with the codes: sums =
    codes · counts. ``unit`` codes have length 1. Code indices keep their meaning if a codebook grows.
    """

    codes: str
    counts: str | None = None
    sums: str | None = None
    unit: bool = False

    def __call__(self, source: Tensors, here: Tensors, random: torch.Generator) -> Resized | None:
        old, new = source[self.codes], here[self.codes]
        if old.shape[:-2] != new.shape[:-2] or old.shape[-1] != new.shape[-1]:
            return None
        size = new.shape[-2]
        levels = [self._resize(level, size, random) for level in self._levels(source)]
        found = {self.codes: torch.stack([level.vectors for level in levels]).reshape(new.shape)}
        if self.counts and self.sums:
            counts = torch.stack([level.counts for level in levels if level.counts is not None])
            counts = counts.reshape(new.shape[:-1])
            found |= {self.counts: counts, self.sums: found[self.codes] * counts[..., None]}
        return Resized(found, self._words(old.shape[-2], size))

    def _levels(self, source: Tensors) -> list[Book]:
        vectors = source[self.codes].double()
        vectors = vectors.reshape(-1, *vectors.shape[-2:])
        if self.counts is None:
            return [Book(level) for level in vectors]
        counts = source[self.counts].double().reshape(vectors.shape[:2])
        return [Book(*level) for level in zip(vectors, counts, strict=True)]

    def _resize(self, book: Book, size: int, random: torch.Generator) -> Book:
        resized = grow(book, size, random) if size > len(book.vectors) else shrink(book, size)
        if self.unit:
            resized.vectors = torch.nn.functional.normalize(resized.vectors, dim=-1)
        return resized

    def _words(self, old: int, new: int) -> str:
        if new < old:
            return "the nearest codes merged"
        if self.counts:
            return "the most used codes split"
        return "codes split at random (seeded), as the source stores no counts"


def grow(book: Book, size: int, random: torch.Generator) -> Book:
    """``book`` with new codes at its end, each close to a parent and with half of its count.

    Parents are the most used codes; a code is split again while it is still the most used. Without counts all codes are
    parents in random order, repeatedly.
    """
    if book.counts is not None:
        return Book(*split(book.vectors, book.counts, size, random))
    known = len(book.vectors)
    order = torch.randperm(known, generator=random)
    return Book(_children(book.vectors, order[torch.arange(size - known) % known], random))


def split(vectors: Tensor, counts: Tensor, size: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """`vectors (k d)` with new ones at their end up to ``size``, and the counts of all; see `grow` for the parents.

    ``counts (k)`` are those of ``vectors``; a parent shares its count with its new code.
    """
    parents, counts = _halved(counts, size)
    return _children(vectors, parents, random), counts


def _children(vectors: Tensor, parents: Tensor, random: torch.Generator) -> Tensor:
    """``vectors`` followed by one close to each of ``parents``."""
    offset = torch.randn(len(parents), vectors.shape[1], generator=random, dtype=vectors.dtype)
    offset = torch.nn.functional.normalize(offset, dim=-1) * _NUDGE * _room(vectors)[parents, None]
    return torch.cat([vectors, vectors[parents] + offset])


def _halved(counts: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The original parent of each new code, and the counts `(size)` after the splits."""
    known = len(counts)
    counts = torch.cat([counts, counts.new_zeros(size - known)])
    ancestors = torch.arange(size)
    for new in range(known, size):
        parent = int(counts[:new].argmax())
        counts[parent] /= 2
        counts[new] = counts[parent]
        ancestors[new] = ancestors[parent]
    return ancestors[known:], counts


def _room(vectors: Tensor) -> Tensor:
    """Distance of every code to its nearest neighbour `(k)`; for identical codes a small fraction of their scale."""
    distance, _ = nearest_others(vectors)
    trace = 1e-3 * vectors.square().mean().sqrt().clamp(min=1e-6)
    return torch.where(distance.isfinite(), distance, 0).clamp(min=trace)


def shrink(book: Book, size: int) -> Book:
    """``book`` with the two nearest codes merged into their mean, weighted by counts, until ``size`` are left."""
    vectors, alive = book.vectors.clone(), torch.ones(len(book.vectors), dtype=torch.bool)
    weights = torch.ones(len(vectors), dtype=vectors.dtype) if book.counts is None else book.counts.clone()
    distance, other = nearest_others(vectors)
    for _ in range(len(vectors) - size):
        one = int(distance.argmin())
        keep, removed = sorted((one, int(other[one])))
        total = (weights[keep] + weights[removed]).clamp(min=torch.finfo(vectors.dtype).tiny)
        vectors[keep] += (vectors[removed] - vectors[keep]) * (weights[removed] / total)
        weights[keep] += weights[removed]
        alive[removed], distance[removed] = False, torch.inf
        stale = alive & ((other == keep) | (other == removed))
        stale[keep] = True
        _renew(vectors, alive, distance, other, keep, stale)
    return Book(vectors[alive], None if book.counts is None else weights[alive])


def nearest_others(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Distance of each of `vectors (k d)` to the nearest other one and its index, `(k)` each; never allocates `(k
    k)`."""
    strips = torch.split(torch.arange(len(vectors), device=vectors.device), _ROWS)
    found = [_nearest_of(vectors, rows) for rows in strips]
    distances, others = zip(*found, strict=True)
    return torch.cat(distances), torch.cat(others)


def _nearest_of(vectors: Tensor, rows: Tensor, alive: Tensor | None = None) -> tuple[Tensor, Tensor]:
    distances = torch.cdist(vectors[rows], vectors, compute_mode="donot_use_mm_for_euclid_dist")
    distances[torch.arange(len(rows), device=rows.device), rows] = torch.inf
    distances = distances if alive is None else distances.masked_fill(~alive, torch.inf)
    nearest = distances.min(1)
    return nearest.values, nearest.indices


def _renew(vectors: Tensor, alive: Tensor, distance: Tensor, other: Tensor, moved: int, stale: Tensor) -> None:
    """Update nearest neighbours in place after code ``moved`` has changed and the ``stale`` codes have lost theirs."""
    rows = stale.nonzero().squeeze(1)
    distance[rows], other[rows] = _nearest_of(vectors, rows, alive)
    distances = torch.linalg.vector_norm(vectors - vectors[moved], dim=1)
    closer = alive & (distances < distance)
    closer[moved] = False
    distance[closer], other[closer] = distances[closer], moved
