"""What stored windows show before a run starts, where they are quickly read."""

import numpy as np
from zoo_registry.data import DataSpec, NpySource

from zoo.data.check import scan_all
from zoo.data.leaks import leak_sentences, leaks_between
from zoo.data.raw import RawSplit
from zoo.data.sources import read

_MOST_VALUES = 2**26
"""Values that are read and hashed in about a second."""


def glance(spec: DataSpec) -> list[str]:
    """Sentences on windows of the source's test split that its training split holds too, whole or in part.

    Reads arrays of up to 64 million values, and says nothing of larger ones or other formats, which `zoo data` and
    `zoo train` read. Raises DataError, naming file and window, for values that these would refuse.
    """
    if not isinstance(spec.source, NpySource):
        return []
    raw = read(spec.source)
    splits = [raw.train, *([] if raw.test is None else [raw.test])]
    if sum(map(_values, splits)) > _MOST_VALUES:
        return []
    found = [scan.prints for scan in scan_all(splits, spec)]
    if raw.test is None:
        return []
    cuts = np.arange(len(raw.train)), np.empty(0, np.intp), np.arange(len(raw.test))
    return leak_sentences(leaks_between(found[0], found[1], cuts), len(raw.test), 0)


def _values(split: RawSplit) -> int:
    return split.x.size if isinstance(split.x, np.ndarray) else sum(series.size for series in split.x)
