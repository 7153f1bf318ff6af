"""The predictions as tables, a row per window: CSV, and Parquet where pyarrow is installed."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from zoo_registry.escaping import for_csv

from zoo.applied.files import CSV, PARQUET
from zoo.applied.rows import Prediction
from zoo.recordings.zone import time_text

UTC = ("start_utc", "end_utc")
"""Columns of recordings with a zone."""
COLUMNS = tuple(name for name in Prediction._fields if name not in ("codes", *UTC))
"""Columns of any recording. The codes are in a file of their own."""
_HELD = 8192
"""Rows that are held to be written to a Parquet file together."""
Write = Callable[[Sequence[Prediction]], None]


@contextmanager
def new_tables(folder: Path, zoned: bool) -> Iterator[Write]:
    """A function that appends rows to the tables in ``folder``, a new one; ``zoned`` ones have times in UTC too."""
    columns = COLUMNS + UTC if zoned else COLUMNS
    with ExitStack() as stack:
        writers = [stack.enter_context(_new_csv(folder / CSV, columns))]
        if find_spec("pyarrow") is not None:
            writers.append(stack.enter_context(_new_parquet(folder / PARQUET, columns)))

        def write(rows: Sequence[Prediction]) -> None:
            for writer in writers:
                writer(rows)

        yield write


@contextmanager
def _new_csv(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        yield lambda rows: writer.writerows([for_csv(_cell(getattr(row, name))) for name in columns] for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


@contextmanager
def _new_parquet(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    time, number, text, flag = pyarrow.timestamp("ms"), pyarrow.float64(), pyarrow.string(), pyarrow.bool_()
    utc = pyarrow.timestamp("ms", tz="UTC")
    kinds = [text, time, time, text, number, number, flag, flag, number, number, utc, utc]
    schema = pyarrow.schema(zip(columns, kinds[: len(columns)], strict=True))
    held: list[tuple[object, ...]] = []

    def put(writer: ParquetWriter) -> None:
        values = map(list, zip(*held, strict=True))
        writer.write_table(pyarrow.table(dict(zip(columns, values, strict=True)), schema))
        held.clear()

    with ParquetWriter(path, schema) as writer:

        def write(rows: Sequence[Prediction]) -> None:
            held.extend(tuple(getattr(row, name) for name in columns) for row in rows)
            if len(held) >= _HELD:
                put(writer)

        yield write
        if held:
            put(writer)
