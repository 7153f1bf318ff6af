"""The NumPy side of the contract: what a data source returns, and what readers of files share. Never imports torch."""

from zoo.sources.labels import ONE_CLASS, UNLABELLED, class_names, index_labels, plain_labels
from zoo.sources.layout import lay_out, layout_of, note_swapped
from zoo.sources.length import crop, interpolate
from zoo.sources.moments import Moments
from zoo.sources.raw import (
    Array,
    Extent,
    Labels,
    LazyWindows,
    RawSet,
    RawSplit,
    Rows,
    Sensor,
    require_whole,
    require_windows,
    row_blocks,
)
from zoo.sources.reading import CUT_SHORT, file_of, folder_of, reading, visible
from zoo.sources.text import data_lines, ends_within_a_line, lines_of, plain_copy, word
from zoo.sources.vectors import Vectors, manifest_of, read_rows, read_vectors

__all__ = [
    "CUT_SHORT",
    "ONE_CLASS",
    "UNLABELLED",
    "Array",
    "Extent",
    "Labels",
    "LazyWindows",
    "Moments",
    "RawSet",
    "RawSplit",
    "Rows",
    "Sensor",
    "Vectors",
    "class_names",
    "crop",
    "data_lines",
    "ends_within_a_line",
    "file_of",
    "folder_of",
    "index_labels",
    "interpolate",
    "lay_out",
    "layout_of",
    "lines_of",
    "manifest_of",
    "note_swapped",
    "plain_copy",
    "plain_labels",
    "read_rows",
    "read_vectors",
    "reading",
    "require_whole",
    "require_windows",
    "row_blocks",
    "visible",
    "word",
]
