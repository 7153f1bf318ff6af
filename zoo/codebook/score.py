"""One score for sweeps: the geometric mean of parts, each of which can pull it to 0."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from zoo.codebook.report import BookReport, BypassReport, ProbeReport
from zoo.evaluation.report import ShapeScore

DEFINITION = 2
"""Version of the definition of the parts; scores of another version are measured again, not compared."""
FULL = 0.5
"""Effective shapes over codes from which a codebook counts as full: signals use their shapes unevenly, and dead and
equal codes have parts of their own."""
FULL_PROBE = 0.5
"""Share of the majority's errors that codes must recover for a full score: level and size, which by themselves
distinguish postures and efforts, are removed from every shape before it gets its code."""
_NOTHING = 1e-3
"""A part below this counts as 0."""


def score_parts(
    books: Sequence[BookReport], bypass: BypassReport | None, fit: ShapeScore | None, probe: ProbeReport
) -> dict[str, float]:
    """Parts in [0, 1], 1 being best; means over books, and what was not measured is left out.

    ``used``: share of codes used. ``effective``: effective shapes over half of the codes compared. ``distinct``:
    distinctness. ``varied``: share of tokens whose shape is no straight line. ``fit``: mean correlation of drawn shapes
    with their stretches. ``classes``: share of what the majority class gets wrong that the histogram probe gets right,
    over a half. ``needed``: how much of the spread within tokens the reconstruction owes to the codes.
    """
    shapes = [book.shapes for book in books if book.shapes is not None]
    found = {"used": _mean(book.usage.used / book.usage.codes for book in books)}
    if shapes:
        found["effective"] = _mean(min(shape.effective / (FULL * shape.measured), 1.0) for shape in shapes)
        found["distinct"] = _mean(shape.distinctness for shape in shapes)
        found["varied"] = _mean(1 - shape.flat_share for shape in shapes)
    if fit is not None and fit.correlation is not None:
        found["fit"] = fit.correlation
    if probe.majority < probe.total:
        found["classes"] = (probe.correct - probe.majority) / (FULL_PROBE * (probe.total - probe.majority))
    if bypass is not None and bypass.need is not None:
        found["needed"] = bypass.need
    return {name: float(np.clip(part, 0, 1)) for name, part in found.items()}


def score(parts: Mapping[str, float]) -> float:
    """The geometric mean of ``parts``; 0 where one of them is below .001."""
    values = np.asarray(list(parts.values()))
    return float(np.exp(np.log(values).mean())) if (values >= _NOTHING).all() else 0.0


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
