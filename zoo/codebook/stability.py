"""Whether other runs find the same shapes: codes of two codebooks matched one to one."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from zoo_registry import SpecError

from zoo.codebook.book import Book
from zoo.codebook.report import StabilityReport
from zoo.codebook.shapes import Array, normalised
from zoo.codebook.similarity import correlations


def stability(books: Sequence[Book], others: Mapping[str, Sequence[Book]]) -> StabilityReport | None:
    """The books of each of the ``others``, by the name of their run, matched with these; None where there are none.

    Raises SpecError for a run with another number of books, or if shapes are not known.
    """
    if not others:
        return None
    matches = [_match(books, found, name) for name, found in others.items()]
    return StabilityReport(runs=tuple(others), matches=tuple(matches), mean=float(np.mean(matches)))


def _match(books: Sequence[Book], others: Sequence[Book], name: str) -> float:
    if len(books) != len(others):
        hint = "compare runs whose models differ only in seeds or weights"
        raise SpecError(f"--beside {name}", f"{len(books)} codebooks or levels", str(len(others)), hint)
    return float(np.mean([matched(*pair, name) for pair in zip(books, others, strict=True)]))


def matched(one: Book, other: Book, name: str) -> float:
    """Σ (p_i + p_j) / 2 · max(0, r_ij) over pairs (i, j), each code in one at most, that make it largest.

    p are shares of tokens and r correlations of normalised shapes: 1 where both books draw the same shapes as often;
    the same from either side (assignment: Kuhn 1955).
    """
    if one.shapes is None or other.shapes is None:
        hint = "codes can be matched if the decoder draws shapes, or if the encoder gives positions"
        raise SpecError(f"--beside {name}", "codes whose shapes are known", "none", hint)
    if not len(one.shapes) or not len(other.shapes):
        return 0.0
    samples = max(one.shapes.shape[1], other.shapes.shape[1])
    correlation = correlations(_resampled(one.shapes, samples), _resampled(other.shapes, samples))
    weight = (_shares(one, one.shapes)[:, None] + _shares(other, other.shapes)) / 2
    value = weight * np.clip(correlation, 0, 1)
    rows, columns = linear_sum_assignment(value, maximize=True)
    return float(min(value[rows, columns].sum(), 1.0))


def _shares(book: Book, shapes: Array) -> Array:
    """Shares of tokens of the codes whose ``shapes`` are known."""
    counts = book.counts[: len(shapes)]
    found: Array = counts / max(counts.sum(), 1)
    return found


def _resampled(shapes: Array, samples: int) -> Array:
    """`(u s)` interpolated linearly at ``samples`` positions and normalised again."""
    if shapes.shape[1] == samples:
        return shapes
    places = np.linspace(0, shapes.shape[1] - 1, samples)
    read = np.stack([np.interp(places, np.arange(shapes.shape[1]), shape) for shape in shapes])
    return normalised(read)
