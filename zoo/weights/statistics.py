"""Read the mean and deviation that standardise a judge's inputs, from a small file."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from zoo_registry import BundleError, ZooError

from zoo.io.npz import open_npz
from zoo.specs.read import read_json

_LARGEST = 2**20
_FORMS = ".npz with mean and std, .json with the same, or .npy of shape (2, c)"

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


def read_statistics(path: Path, channels: int) -> Pair:
    """Mean and deviation `(c)` of ``channels`` channels; raise BundleError for anything else."""
    if not path.is_file():
        raise BundleError(str(path), "a file", "a folder" if path.is_dir() else "no such file", "check the path")
    if path.stat().st_size > _LARGEST:
        raise BundleError(str(path), "a few numbers per channel", "more than 1 MiB", "check that it is the right file")
    try:
        mean, std = _READERS[path.suffix](path)
        pair = np.asarray(mean, np.float64), np.asarray(std, np.float64)
    except ZooError:
        raise
    except Exception as error:  # corrupt bytes can make zip, npy and number parsers raise anything
        raise BundleError(str(path), _FORMS, f"{type(error).__name__}: {error}", "write it again") from None
    _require_sound(path, pair, channels)
    return pair


def _npz(path: Path) -> tuple[Any, Any]:
    with open_npz(path, _LARGEST) as arrays:
        return arrays["mean"], arrays["std"]


def _json(path: Path) -> tuple[Any, Any]:
    found = read_json(path)
    return found["mean"], found["std"]


def _npy(path: Path) -> tuple[Any, Any]:
    mean, std = np.load(path, allow_pickle=False)
    return mean, std


_READERS = {".npz": _npz, ".json": _json, ".npy": _npy}


def _require_sound(path: Path, pair: Pair, channels: int) -> None:
    for name, values in zip(("mean", "std"), pair, strict=True):
        where = f"{path}: {name}"
        if values.shape != (channels,):
            found = f"shape {values.shape}"
            raise BundleError(where, f"{channels} numbers, one per channel", found, "use those of the training data")
        if not (np.abs(values) <= np.finfo(np.float32).max).all():
            raise BundleError(where, "finite numbers", "NaN or an infinity", "compute them over observed samples")
    if not (pair[1] >= np.finfo(np.float32).tiny).all():
        found = f"{pair[1].min():g}"
        raise BundleError(f"{path}: std", "deviations above 0", found, "write 1 for a channel that does not vary")
