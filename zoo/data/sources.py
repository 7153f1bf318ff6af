"""The reader of each source format."""

from zoo_registry.data import BundledSource, MatSource, NpySource, Source, TsSource

from zoo.data.bundled import peek_bundled, read_bundled
from zoo.data.mat import peek_mat, read_mat
from zoo.data.npy import peek_npy, read_npy
from zoo.data.raw import Extent, RawSet
from zoo.data.ts import peek_ts, read_ts


def read(source: Source) -> RawSet:
    """Read a source completely; raise DataError for unreadable data."""
    match source:
        case TsSource():
            return read_ts(source)
        case BundledSource():
            return read_bundled(source)
        case NpySource():
            return read_npy(source)
        case MatSource():
            return read_mat(source)


def peek(source: Source) -> Extent:
    """Channels, length and classes of a source, with as little reading as its format allows."""
    match source:
        case TsSource():
            return peek_ts(source)
        case BundledSource():
            return peek_bundled(source)
        case NpySource():
            return peek_npy(source)
        case MatSource():
            return peek_mat(source)
