"""The spec of one table of text: a row per sample (long) or a row per window (wide)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator
from zoo_registry import SourceSpec, SpecError

if TYPE_CHECKING:
    from zoo.sources import Extent, RawSet

Column = Annotated[str, Field(max_length=200)]
Delimiter = Literal["comma", "semicolon", "tab", "bar"]
_SUFFIXES = (".csv", ".tsv")


class CsvSource(SourceSpec):
    """A table as text with named columns: a row per sample (long) or, without `window`, a row per window (wide).

    Long: the rows of a window follow each other, and agree in label, subject and group. Wide: the samples of channel
    `x` are the columns `x_0`, `x_1` and so on, in the order of their numbers. An empty cell is a missing value.
    """

    kind: Literal["data.csv"] = "data.csv"

    path: str
    """The file, relative to the working directory."""

    channels: tuple[Column, ...] = Field(min_length=1, max_length=4096)
    """Columns of the channels, in order; in a wide table their names without the number of the sample."""

    window: Column | None = None
    """Column with the name of the window that a row belongs to, unique for each subject and group; null: a row is a
    whole window."""

    time: Column | None = None
    """Column with time stamps, numbers or ISO 8601, which must increase within a window; null: rows are in order."""

    label: Column = "label"
    """Column with the class of the window, a name or a number."""

    subject: Column | None = None
    """Column with the window's subject."""

    group: Column | None = None
    """Column with the window's group, such as a trial, which is never split."""

    test: str | None = None
    """Name of a file of test windows in the same folder, with the same columns; null takes them from the training
    windows, with the share `split.test`."""

    delimiter: Delimiter | None = None
    """Character between cells; null takes the one that the first line has most of."""

    decimal: Literal["point", "comma"] = "point"
    """Decimal sign of the numbers."""

    @model_validator(mode="after")
    def _columns_differ(self) -> "CsvSource":
        if self.time is not None and self.window is None:
            hint = "set data.source.window to the column that names windows, or leave time out"
            raise SpecError("data.source.time", "null, as a row is a whole window", repr(self.time), hint)
        single = [name for name in (self.window, self.time, self.label, self.subject, self.group) if name is not None]
        names = [*single, *self.channels]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise SpecError("data.source", "another column for each field", f"{twice!r} twice", "correct one of them")
        if self.test is not None and Path(self.test).name != self.test:
            hint = "copy it into the folder of the training file"
            raise SpecError("data.source.test", "the name of a file in that folder", repr(self.test), hint)
        if self.test == Path(self.path).name:
            hint = "name another file, or set it to null and data.split.test to a share such as 0.25"
            found = f"{self.test!r}, the training file"
            raise SpecError("data.source.test", "windows that are not also in training", found, hint)
        return self

    def read(self) -> "RawSet":
        from zoo_data.csv import read_csv

        return read_csv(self)

    def peek(self) -> "Extent":
        from zoo_data.csv import peek_csv

        return peek_csv(self)

    @classmethod
    def claims(cls, place: Path) -> bool:
        return place.suffix.lower() in _SUFFIXES and place.is_file()

    @classmethod
    def infer(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        from zoo_data.csv_columns import infer_csv

        return infer_csv(given)
