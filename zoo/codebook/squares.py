"""Cells of a matrix as squares in shades of a colour."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from zoo.codebook.shapes import Array

SHADES = 12


def squares(cells: Array, side: int) -> Path:
    """Squares with small gaps at numbered cells of a grid ``side`` wide, as a single path."""
    corner = np.array([(-0.46, -0.46), (0.46, -0.46), (0.46, 0.46), (-0.46, 0.46), (-0.46, -0.46)])
    middle = np.stack([cells % side, cells // side], -1)
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(cells)
    return Path((middle[:, None] + corner).reshape(-1, 2), codes)


def shade(axis: Axes, strength: Array, color: str) -> None:
    """Cells `(u y)` of ``strength`` 0 to 1 in shades of ``color``, one path per shade."""
    shades = np.round(strength * SHADES).astype(int)
    for found in np.unique(shades[shades > 0]):
        path = squares(np.flatnonzero(shades == found), strength.shape[1])
        axis.add_patch(PathPatch(path, facecolor=color, alpha=found / SHADES, linewidth=0))
