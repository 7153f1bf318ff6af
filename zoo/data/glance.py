"""Quick checks of stored windows before a run starts."""

import numpy as np
from zoo_registry.data import DataSpec

from zoo.data.check import scan_all
from zoo.data.leaks import leak_sentences, leaks_between
from zoo.data.sources import read
from zoo.sources.raw import RawSplit

_MOST_VALUES = 2**26
"""Number of values that can be read and hashed in about a second."""


def glance(spec: DataSpec) -> list[str]:
    """Sentences about windows in the source's test split that are also in its training split, fully or partly.

    Reads mapped arrays of up to 64 million values, and skips larger ones and other sources; `zoo data` and `zoo train`
    check those. Raises DataError with file and window for values that these commands would refuse.
    """
    if not spec.source.mapped:
        return []
    raw = read(spec.source)
    if sum(map(_values, raw.splits)) > _MOST_VALUES:
        return []
    found = [scan.prints for scan in scan_all(raw.splits, spec)]
    if raw.test is None:
        return []
    cuts = np.arange(len(raw.train)), np.empty(0, np.intp), np.arange(len(raw.test))
    return leak_sentences(leaks_between(found[0], found[1], cuts), len(raw.test), 0)


def _values(split: RawSplit) -> int:
    return sum(series.size for series in split.x) if isinstance(split.x, tuple) else split.x.size
