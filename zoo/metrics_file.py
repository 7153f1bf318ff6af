"""metrics.csv: a row per epoch, written and read in one place."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from zoo.files import write_text


class MetricsFile:
    """A CSV file with a row per epoch, written whole each time, so that a killed run leaves it readable."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> list[dict[str, str]]:
        """The rows so far."""
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def add(self, row: Mapping[str, str | int | float]) -> None:
        """Write ``row`` after the rows of earlier epochs; rows from this epoch on, of a killed run, are dropped."""
        kept = [old for old in self.rows() if int(old["epoch"]) < int(row["epoch"])]
        columns = list(dict.fromkeys([*(kept[0] if kept else {}), *row]))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, row])
        write_text(self.path, text.getvalue())
