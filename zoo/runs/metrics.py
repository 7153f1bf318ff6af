"""Reading and writing of metrics.csv, which has a row per epoch."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from zoo_registry import TrainingError
from zoo_registry.escaping import for_csv

from zoo.io.files import open_file, write_text

_LARGEST = 2**28
"""Largest file in bytes, more than a million epochs need."""


class MetricsFile:
    """A CSV file with a row per epoch, rewritten atomically, so that it stays readable if a run is killed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> list[dict[str, str]]:
        """The rows so far; raises TrainingError for a truncated or overwritten file."""
        if not self.path.exists():
            return []
        try:
            with io.TextIOWrapper(open_file(self.path, _LARGEST), encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, strict=True))
            for row in rows:
                _require_numbers(row)
        except (ValueError, KeyError, csv.Error) as error:
            found, hint = f"{type(error).__name__}: {error}", "restore the file, or move it away to start new curves"
            raise TrainingError(str(self.path), "a row per epoch, as training writes them", found, hint) from None
        return rows

    def write(self, rows: Sequence[Mapping[str, str | int | float]]) -> None:
        """Replace the file by ``rows``, with the columns of all of them."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: for_csv(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
        write_text(self.path, text.getvalue())


def _require_numbers(row: Mapping[str, str | None]) -> None:
    """Raise ValueError or KeyError for a row with a cell missing or too many, or with text in place of a number."""
    int(row["epoch"] or "")
    for name, cell in row.items():
        if cell is None or not isinstance(cell, str):
            raise ValueError(f"a row of another width, epoch {row['epoch']}")
        if cell and name != "phase":
            float(cell)
