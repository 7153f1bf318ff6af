"""A source: windows as lines of JSON. NumPy is imported only when they are read."""

import json
from typing import TYPE_CHECKING, Literal

from zoo_registry import SourceSpec

if TYPE_CHECKING:
    from zoo.sources import RawSet


class JsonLines(SourceSpec):
    """A file with a window per line: {"x": [[0.1, 0.2, 0.3]], "label": "walk"}, where `x` holds the channels."""

    kind: Literal["acme.json-lines"] = "acme.json-lines"

    path: str
    """The file, relative to the working directory."""

    def read(self) -> "RawSet":
        import numpy as np

        from zoo.sources import RawSet, RawSplit, file_of, index_labels, lay_out, reading

        path = file_of(self.path, "a window per line, as JSON")
        with reading(path, "a window per line, as JSON", "correct the line"):
            windows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            x = np.array([window["x"] for window in windows], dtype=np.float32)
            (y,), classes = index_labels([np.array([window["label"] for window in windows])], None, str(path))
        return RawSet(RawSplit(str(path), lay_out(x, "c t", str(path)), y), test=None, classes=classes)
