"""Data named on the command line: `KIND:PLACE`, or a folder whose files tell their kind. Does not import NumPy."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from zoo_registry import DataError, Registry, SourceSpec, SpecError, UnknownKindError

OURS = "data."
"""The plugin whose sources need no prefix: `npy` is `data.npy`."""

_WAY_ON = (
    "`zoo list source` shows what can be read: save windows (n c t) as X_train.npy and labels (n) as y_train.npy in a "
    "folder, and write npy:FOLDER"
)
_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?")
"""At least two characters, because one letter may be a drive."""
_OTHERS = frozenset(
    {".csv", ".tsv", ".txt", ".xls", ".xlsx", ".parquet", ".feather", ".h5", ".hdf5", ".npz", ".npy", ".pkl"}
    | {".pickle", ".arff", ".edf", ".bin", ".cwa", ".gt3x", ".zip", ".gz", ".pt", ".ts", ".mat"}
)
_LOOKED_AT = 100
"""Files of a folder that are looked at for a hint."""


def shorthand(text: str, registry: Registry) -> dict[str, Any] | None:
    """Plain data from `KIND:PLACE`, with no other fields; None for another text.

    Raises SpecError for a kind of source that is not installed, and PluginError for one that does not load.
    """
    name, sign, place = text.partition(":")
    if not sign or not _KIND.fullmatch(name):
        return None
    kind = name if "." in name else OURS + name
    try:
        return {"source": {"kind": kind, _source(kind, registry).locator: place}}
    except UnknownKindError:
        if Path(text).exists():
            return None
        expected = f"KIND:PLACE with a kind among {', '.join(map(short, registry.kinds('source')))}"
        raise SpecError(text, expected, repr(name), _WAY_ON) from None


def recognise(place: Path, registry: Registry) -> dict[str, Any]:
    """Plain data for the file or folder ``place``, with no other fields.

    Raises DataError if no source claims it, or several do.
    """
    kinds = claims(place, registry)
    if len(kinds) > 1:
        hint = f"name its format, such as {short(kinds[0])}:{place}"
        raise DataError(str(place), "data of one kind", " and ".join(kinds), hint)
    if kinds:
        return {"source": {"kind": kinds[0], _source(kinds[0], registry).locator: str(place)}}
    expected = "a place that a source reads, such as a folder with NAME_TRAIN.ts, X_train.npy, or windows as .mat"
    if not place.exists():
        raise DataError(str(place), "a file or a folder with data", "no such file or folder", "check the path")
    raise DataError(str(place), expected, other_formats(place) or "none of them", way_on(place, registry))


def inferred(data: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Plain ``data`` of a short form, completed from the files. Raises DataError if they do not determine a field."""
    return _source(data["source"]["kind"], registry).infer(data)


def claims(place: Path, registry: Registry) -> list[str]:
    """The kinds of source that claim ``place``."""
    return [kind for kind, source in _sources(registry).items() if source.claims(place)]


def other_formats(place: Path) -> str | None:
    """Description of data files at ``place`` by their suffixes, such as `a .h5 file`; None if there are none."""
    if place.is_file():
        return f"a {place.suffix} file" if place.suffix.lower() in _OTHERS else None
    if not place.is_dir():  # a pipe or a device
        return None
    kinds = sorted({path.suffix.lower() for path in place.iterdir() if not path.name.startswith(".")} & _OTHERS)
    return f"only {', '.join(kinds)} files" if kinds else None


def way_on(place: Path, registry: Registry) -> str:
    """What to do with a place that no source claims: name a file in it that one claims, or save the data otherwise."""
    visible = (path for path in place.iterdir() if not path.name.startswith(".")) if place.is_dir() else ()
    sources = _sources(registry)
    for path in sorted(visible)[:_LOOKED_AT]:
        if kind := next((kind for kind, source in sources.items() if source.claims(path)), None):
            return f"name one file, such as {short(kind)}:{path}"
    return _WAY_ON


def short(kind: str) -> str:
    """The name of a kind in `KIND:PLACE`."""
    return kind.removeprefix(OURS)


def _sources(registry: Registry) -> dict[str, type[SourceSpec]]:
    return {kind: _source(kind, registry) for kind in registry.kinds("source")}


def _source(kind: str, registry: Registry) -> type[SourceSpec]:
    return cast(type[SourceSpec], registry.find(kind, "source"))
