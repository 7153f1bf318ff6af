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

COLUMNS = Prediction._fields[:-1]
"""All but the codes, which are in a file of their own."""
_HELD = 8192
"""Rows that are held to be written to a Parquet file together."""
Write = Callable[[Sequence[Prediction]], None]


@contextmanager
def new_tables(folder: Path) -> Iterator[Write]:
    """A function that appends rows to the tables in ``folder``, a new one."""
    with ExitStack() as stack:
        writers = [stack.enter_context(_new_csv(folder / CSV))]
        if find_spec("pyarrow") is not None:
            writers.append(stack.enter_context(_new_parquet(folder / PARQUET)))

        def write(rows: Sequence[Prediction]) -> None:
            for writer in writers:
                writer(rows)

        yield write


@contextmanager
def _new_csv(path: Path) -> Iterator[Write]:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        yield lambda rows: writer.writerows(map(_cells, rows))


def _cells(row: Prediction) -> list[str]:
    return [for_csv(_cell(value)) for value in row[: len(COLUMNS)]]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


@contextmanager
def _new_parquet(path: Path) -> Iterator[Write]:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    time, number, text, flag = pyarrow.timestamp("ms"), pyarrow.float64(), pyarrow.string(), pyarrow.bool_()
    kinds = [text, time, time, text, number, number, flag, flag, number, number]
    schema = pyarrow.schema(zip(COLUMNS, kinds, strict=True))
    held: list[tuple[object, ...]] = []

    def put(writer: ParquetWriter) -> None:
        columns = map(list, zip(*held, strict=True))
        writer.write_table(pyarrow.table(dict(zip(COLUMNS, columns, strict=True)), schema))
        held.clear()

    with ParquetWriter(path, schema) as writer:

        def write(rows: Sequence[Prediction]) -> None:
            held.extend(row[: len(COLUMNS)] for row in rows)
            if len(held) >= _HELD:
                put(writer)

        yield write
        if held:
            put(writer)
