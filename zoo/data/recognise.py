"""Recognise the data format of a folder from its file names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo_registry import DataError
from zoo_registry.formats import WAY_ON, other_formats

from zoo.data.layout import layout_of
from zoo.data.npy import open_array
from zoo.data.reading import folder_of, visible

_TEST = 0.2
"""Share taken as test split if the folder has none."""
_GROUPS = ("trial", "group")


def recognise(place: Path) -> dict[str, Any]:
    """Plain data of a DataSpec for the folder ``place``.

    Raises DataError for a folder without a known format, or with splits whose roles are unclear from their names.
    """
    if place.is_file() and (found := other_formats(place)):
        raise DataError(str(place), "a folder with data", found, WAY_ON)
    folder = folder_of(str(place), "data")
    if visible(folder, "*_TRAIN.ts"):
        return {"source": {"format": "ts", "path": str(place)}}
    if visible(folder, "X_*.npy"):
        return recognise_arrays({"source": {"format": "npy", "path": str(place)}})
    if visible(folder, "*.mat"):
        return {"source": {"format": "mat", "path": str(place)}, "split": {"test": _TEST}}
    expected = "a folder with NAME_TRAIN.ts, X_train.npy, or windows as .mat"
    if found := other_formats(folder):
        raise DataError(str(place), expected, found, WAY_ON)
    raise DataError(str(place), expected, "none of them", "`zoo schema run` describes every source, under data")


def recognise_arrays(given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the source in ``given``, data of arrays in a folder, with values read from the files.

    Raises DataError if the files do not determine the splits or the layout.
    """
    fields = given["source"]
    folder, train = folder_of(str(fields["path"]), "X_*.npy and y_*.npy"), str(fields.get("train", "train"))
    source = {**fields, "test": fields["test"] if "test" in fields else _test_split(folder, train)}
    if "layout" not in source:
        source["layout"] = _layout(folder / f"X_{train}.npy")
    if (folder / f"subject_{train}.npy").exists():
        source.setdefault("subject", "subject")
    if group := next((name for name in _GROUPS if (folder / f"{name}_{train}.npy").exists()), None):
        source.setdefault("group", group)
    if (folder / "classes.txt").exists():
        source.setdefault("classes", "classes.txt")
    cut = {} if source["test"] else {"split": {"test": _TEST, **given.get("split", {})}}
    return {**given, "source": source, **cut}


def _test_split(folder: Path, train: str) -> str | None:
    """The test split; None if there are only training windows."""
    splits = sorted(path.stem.removeprefix("X_") for path in folder.glob("X_*.npy"))
    others = [name for name in splits if name != train]
    if train not in splits or ("test" not in others and len(others) > 1):
        found = ", ".join(splits) or "no X_*.npy"
        hint = "name them: --set data.source.train=NAME --set data.source.test=NAME"
        raise DataError(str(folder), f"X_{train}.npy and one split to test on", found, hint)
    return "test" if "test" in others else next(iter(others), None)


def _layout(path: Path) -> str:
    """Axes of a window."""
    return layout_of(open_array(path, "windows"), str(path))
