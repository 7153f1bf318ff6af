"""Persistence diagrams of series, and their surfaces: two operations that torch.compile and torch.export take whole."""

import math
import warnings
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from zoo_registry import ZooNote

from zoo.contracts import compiled, operation

_REACH = 6.0
"""Deviations around a point beyond which its Gaussian counts as 0: it has 2e-9 of its mass there."""


def diagram(x: Tensor, seen: Tensor) -> Tensor:
    """Finite points of the sublevel-set persistence of series: x `(n t)` -> births and deaths `(n m 2)` in float64.

    Samples enter the path graph at their value, an edge when both of its ends are there; where two components meet,
    the younger dies (Edelsbrunner & Harer 2010, VII.1). Samples that are not ``seen (n t)`` leave the graph: their
    neighbours become neighbours. m = (t − 1) // 2, as many as there can be; unused rows are zeros. No gradient. It runs
    on the CPU; on other devices the series are copied there and back.
    """
    pairs: Tensor = _diagram(x.detach(), seen)
    return pairs


def surface(pairs: Tensor, births: Tensor, lifetimes: Tensor, cell: float, spread: float, threshold: float) -> Tensor:
    """Sum of Gaussians at (birth, lifetime) of ``pairs (n m 2)``, each times its lifetime: `(n h w)` in float32.

    A pixel is the integral over a square of side ``cell``, whose lower edges are ``births (w)`` and ``lifetimes (h)``,
    both evenly spaced; ``spread`` is the standard deviation. The longest lifetimes are on top. Points count whose
    lifetime is above the ``threshold``. An image is summed in float64 and divided by its own maximum.
    """
    images: Tensor = _surface(pairs, births, lifetimes, cell, spread, threshold)
    return images


@operation("shapezoo::persistence_diagram")
def _diagram(x: Tensor, seen: Tensor) -> Tensor:
    _say_where(x.device.type)
    pairs = torch.zeros(len(x), (x.shape[1] - 1) // 2, 2, dtype=torch.float64)
    _loop(_pair)(_array(x.double()), _array(seen), pairs.numpy())
    return pairs.to(x.device)


@_diagram.register_fake
def _(x: Tensor, seen: Tensor) -> Tensor:
    return x.new_empty(x.shape[0], (x.shape[1] - 1) // 2, 2, dtype=torch.float64)


@operation("shapezoo::persistence_surface")
def _surface(pairs: Tensor, births: Tensor, lifetimes: Tensor, cell: float, spread: float, threshold: float) -> Tensor:
    images = torch.empty(len(pairs), len(lifetimes), len(births))
    edges = _array(births.double()), _array(lifetimes.double())
    _loop(_draw)(_array(pairs), *edges, cell, spread, threshold, _REACH * spread, images.numpy())
    return images.to(pairs.device)


@_surface.register_fake
def _(pairs: Tensor, births: Tensor, lifetimes: Tensor, cell: float, spread: float, threshold: float) -> Tensor:
    return pairs.new_empty(pairs.shape[0], lifetimes.shape[0], births.shape[0], dtype=torch.float32)


def _array(tensor: Tensor) -> NDArray[np.float64]:
    array: NDArray[np.float64] = tensor.cpu().contiguous().numpy()
    return array


@cache
def _say_where(device: str) -> None:
    if device != "cpu":
        note = "persistence diagrams are computed on the CPU: signals are copied there, and images back"
        warnings.warn(ZooNote(note), stacklevel=2)


@cache
def _loop(function: Callable[..., None]) -> Callable[..., None]:
    return compiled(function)


def _pair(x: NDArray[np.float64], seen: NDArray[np.bool_], pairs: NDArray[np.float64]) -> None:
    """One pass with a stack of basins: the lowest value of each, and the wall on its left; walls fall to the right.

    A basin is complete once the wall on its right is no lower than the one on its left. Then it merges with its left
    neighbour at that wall. The ends of a series are walls of infinite height.
    """
    length = x.shape[1]
    lowest, walls = np.empty(length // 2 + 1), np.empty(length // 2 + 1)
    for row in range(len(x)):
        top, found, rising, last = -1, 0, False, 0.0
        for place in range(length + 1):
            end = place == length
            if not end and not seen[row, place]:
                continue
            value = last if end else x[row, place]
            if top < 0:
                top, lowest[0], walls[0] = 0, value, np.inf
            elif end or (rising and value < last):
                wall = np.inf if end else last
                while top > 0 and walls[top] <= wall:
                    pairs[row, found, 0] = max(lowest[top - 1], lowest[top])
                    pairs[row, found, 1] = walls[top]
                    lowest[top - 1] = min(lowest[top - 1], lowest[top])
                    found += 1
                    top -= 1
                if not end:
                    top += 1
                    lowest[top], walls[top], rising = value, wall, False
            elif value < last:
                lowest[top] = value
            elif value > last:
                rising = True
            last = value


def _draw(
    pairs: NDArray[np.float64],
    births: NDArray[np.float64],
    lifetimes: NDArray[np.float64],
    cell: float,
    spread: float,
    threshold: float,
    reach: float,
    images: NDArray[np.float32],
) -> None:
    # One image of float64 at a time: a batch of them would not fit the processor's cache.
    image = np.empty((len(lifetimes), len(births)))
    edges, centre = (births, lifetimes), np.empty(2)
    size = max(len(births), len(lifetimes))
    mass, first, end = np.empty((2, size)), np.zeros(2, np.int64), np.zeros(2, np.int64)
    unit = 1 / (spread * math.sqrt(2.0))
    for row in range(len(pairs)):
        image[:] = 0.0
        for point in range(pairs.shape[1]):
            centre[0], centre[1] = pairs[row, point, 0], pairs[row, point, 1] - pairs[row, point, 0]
            if not centre[1] > threshold:
                continue
            for axis in range(2):
                lower = edges[axis]
                first[axis] = np.searchsorted(lower, centre[axis] - reach - cell)
                end[axis] = np.searchsorted(lower, centre[axis] + reach)
                for place in range(first[axis], end[axis]):
                    away = lower[place] - centre[axis]
                    mass[axis, place] = (math.erf((away + cell) * unit) - math.erf(away * unit)) / 2
            for up in range(first[1], end[1]):
                weight = centre[1] * mass[1, up]
                for across in range(first[0], end[0]):
                    image[len(lifetimes) - 1 - up, across] += weight * mass[0, across]
        peak = image.max()
        images[row] = image / peak if peak > 0 else image
