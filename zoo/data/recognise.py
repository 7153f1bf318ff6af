"""Which data a folder holds, told by the names of its files."""

from pathlib import Path
from typing import Any

import numpy as np
from zoo_registry import DataError

from zoo.data.reading import folder_of, reading

_TEST = 0.2
"""Share cut off as test split where the folder has none."""
_GROUPS = ("trial", "group")


def recognise(place: Path) -> dict[str, Any]:
    """Plain data of a DataSpec that reads the folder ``place``.

    Raises DataError for a folder that holds no known format, or splits that cannot be told apart.
    """
    folder = folder_of(str(place), "data")
    if any(folder.glob("*_TRAIN.ts")):
        return {"source": {"format": "ts", "path": str(place)}}
    if any(folder.glob("X_*.npy")):
        return _npy(folder, place)
    if any(folder.glob("*.mat")):
        return {"source": {"format": "mat", "path": str(place)}, "split": {"test": _TEST}}
    expected = "a folder with NAME_TRAIN.ts, X_train.npy, or windows as .mat"
    raise DataError(str(place), expected, "none of them", "`zoo schema run` describes every source, under data")


def _npy(folder: Path, place: Path) -> dict[str, Any]:
    splits = sorted(path.stem.removeprefix("X_") for path in folder.glob("X_*.npy"))
    others = [name for name in splits if name != "train"]
    test = "test" if "test" in others else next(iter(others), None)
    if "train" not in splits or (test != "test" and len(others) > 1):
        hint = "name the source's train and test under data.source"
        raise DataError(str(place), "X_train.npy and one split to test on", ", ".join(splits), hint)
    source = {"format": "npy", "path": str(place), "layout": _layout(folder / "X_train.npy"), "test": test}
    source |= {"subject": "subject"} if (folder / "subject_train.npy").exists() else {}
    group = next((name for name in _GROUPS if (folder / f"{name}_train.npy").exists()), None)
    source |= {"group": group} if group else {}
    source |= {"classes": "classes.txt"} if (folder / "classes.txt").exists() else {}
    return {"source": source} | ({} if test else {"split": {"test": _TEST}})


def _layout(path: Path) -> str:
    """Axes of a window, channels being fewer than samples."""
    with reading(path, "windows saved by numpy", "write it anew with numpy.save"):
        shape = np.load(path, mmap_mode="r").shape
    if len(shape) == 4:
        return "1 t c"
    return "t c" if len(shape) == 3 and shape[2] < shape[1] else "c t"
