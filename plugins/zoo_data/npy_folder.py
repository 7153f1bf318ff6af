"""Infer the fields of an `npy` source from the files in its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo_registry import DataError

from zoo.sources import folder_of, layout_of
from zoo_data.npy import open_array
from zoo_data.specs import GROUPS, with_test_split


def infer_npy(given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the source in ``given``, data of arrays in a folder, with values read from the files.

    Raises DataError if the files do not determine the splits or the layout.
    """
    fields = given["source"]
    folder, train = folder_of(str(fields["path"]), "X_*.npy and y_*.npy"), str(fields.get("train", "train"))
    source = {**fields, "test": fields["test"] if "test" in fields else _test_split(folder, train)}
    if "layout" not in source:
        path = folder / f"X_{train}.npy"
        source["layout"] = layout_of(open_array(path, "windows"), str(path))
    if (folder / f"subject_{train}.npy").exists():
        source.setdefault("subject", "subject")
    if group := next((name for name in GROUPS if (folder / f"{name}_{train}.npy").exists()), None):
        source.setdefault("group", group)
    if (folder / "classes.txt").exists():
        source.setdefault("classes", "classes.txt")
    found = {**given, "source": source}
    return found if source["test"] else with_test_split(found)


def _test_split(folder: Path, train: str) -> str | None:
    """The test split; None if there are only training windows."""
    splits = sorted(path.stem.removeprefix("X_") for path in folder.glob("X_*.npy"))
    others = [name for name in splits if name != train]
    if train not in splits or ("test" not in others and len(others) > 1):
        found = ", ".join(splits) or "no X_*.npy"
        hint = "name them: --set data.source.train=NAME --set data.source.test=NAME"
        raise DataError(str(folder), f"X_{train}.npy and one split to test on", found, hint)
    return "test" if "test" in others else next(iter(others), None)
