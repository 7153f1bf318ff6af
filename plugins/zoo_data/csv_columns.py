"""Infer the columns of a table from their names."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from zoo_registry import DataError

from zoo.sources import file_of, reading
from zoo_data.csv_table import FILE, HINT, Table
from zoo_data.specs import GROUPS, with_test_split

_KNOWN: Mapping[str, Sequence[str]] = {
    "label": ("label", "class", "activity", "target"),
    "window": ("window", "window_id", "segment"),
    "time": ("time", "timestamp"),
    "subject": ("subject", "subject_id", "person", "participant"),
    "group": GROUPS,
}
"""Names of columns by field, in lower case."""
_NUMBERED = re.compile(r"(.*?)[ _.:\[-]?\d{1,7}\]?")


def infer_csv(given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the source in ``given``, data of a table, with columns that have a usual name.

    The other columns are the channels. Raises DataError if several columns could be one field, or none is the label.
    """
    source = dict(given["source"])
    path = file_of(str(source["path"]), FILE)
    with reading(path, FILE, HINT):
        table = Table(path, source.get("delimiter"))
    for field, known in _KNOWN.items():
        if field not in source and (name := _named(table, field, known)) is not None:
            source[field] = name
    if "label" not in source:
        hint = f"name it, such as --set data.source.label={table.names[-1]}"
        raise DataError(str(path), f"a column named {' or '.join(_KNOWN['label'])}", ", ".join(table.names), hint)
    if source.get("window") is None:
        source.pop("time", None)
    source.setdefault("channels", _channels(table, source))
    found = {**given, "source": source}
    return found if source.get("test") else with_test_split(found)


def _named(table: Table, field: str, known: Sequence[str]) -> str | None:
    found = [name for name in table.names if name.lower() in known]
    if len(found) > 1:
        hint = f"name it: --set data.source.{field}={found[0]}"
        raise DataError(str(table.path), f"one column for the {field}", ", ".join(found), hint)
    return found[0] if found else None


def _channels(table: Table, source: Mapping[str, Any]) -> list[str]:
    taken = [source.get(field) for field in _KNOWN]
    rest = [name for name in table.names if name and name not in taken]
    if source.get("window") is not None:
        return rest
    stems = [match[1] for name in rest if (match := _NUMBERED.fullmatch(name))]
    if len(stems) < len(rest) or not rest:
        odd = ", ".join(name for name in rest if not _NUMBERED.fullmatch(name)) or "no other column"
        hint = "name them, such as --set 'data.source.channels=[\"x\"]', and data.source.window if a row is a sample"
        raise DataError(str(table.path), "columns of samples, such as x_0, x_1", odd, hint)
    return list(dict.fromkeys(stems))
