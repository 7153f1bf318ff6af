"""Rotation augmentation: copies of training windows, as if the sensor was worn at another angle."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from zoo.data.split import Split

AXES = 3
"""Channels of a sensor that rotate together: x, y and z, in this order."""


def with_turned(split: Split, degrees: float, seed: int) -> Split:
    """``split`` followed by a copy of every window with its axes rotated by ``degrees``.

    The axis of each rotation is drawn uniformly with ``seed``. Channels are taken in threes, with the same rotation for
    each three. A copy has the label, subject and group of its window, and is held out together with it.
    """
    still = np.broadcast_to(np.eye(AXES, dtype=np.float32), (len(split), AXES, AXES))
    stays = np.arange(len(split)) if split.stays is None else split.stays
    return replace(
        split,
        rows=np.tile(split.rows, 2),
        y=np.tile(split.y, 2),
        subject=None if split.subject is None else np.tile(split.subject, 2),
        group=None if split.group is None else np.tile(split.group, 2),
        stays=np.tile(stays, 2),
        turns=np.concatenate([still, rotations(len(split), degrees, seed)]),
    )


def rotations(count: int, degrees: float, seed: int) -> NDArray[np.float32]:
    """Matrices `(n 3 3)` that rotate by ``degrees`` around uniformly drawn axes (Rodrigues' formula)."""
    direction = np.random.default_rng(seed).normal(size=(count, AXES))
    x, y, z = (direction / np.linalg.norm(direction, axis=1, keepdims=True)).T
    zero = np.zeros(count)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(count, AXES, AXES)
    angle = np.deg2rad(degrees)
    turned = np.eye(AXES) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    found: NDArray[np.float32] = turned.astype(np.float32)
    return found
