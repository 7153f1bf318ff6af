"""The grid of a persistence image, and the scale of the signal that it is made for."""

from typing import Literal, NamedTuple

Scale = Literal["none", "standard", "range"]
Preset = Literal["pamap2", "geneactiv"]


class Grid(NamedTuple):
    """Births from ``low`` to ``high`` and lifetimes from 0 to ``high``, in the unit that ``scale`` leaves.

    ``spread`` is the deviation of a point's Gaussian; only points with a lifetime above ``threshold`` are drawn.
    """

    scale: Scale
    low: float
    high: float
    spread: float
    threshold: float


PRESETS: dict[Preset, Grid] = {
    "pamap2": Grid("range", low=-1, high=1, spread=0.015, threshold=0.01),
    "geneactiv": Grid("standard", low=-10, high=10, spread=0.25, threshold=0.001),
}
"""The published numbers. Both drop lifetimes up to .001, a first step that the other thresholds include."""
