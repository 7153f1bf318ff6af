"""Read the sets of a mix as one set of single channels; memory-mapped sets stay on disk."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError, ZooNote

from zoo.sources import ONE_CLASS, Extent, RawSet, RawSplit, Sensor, require_windows
from zoo_data.mix_errors import within
from zoo_data.mix_series import Fit, MixedSeries, Part, scaling_of, unscaled
from zoo_data.mix_sets import OneSet, sets_of
from zoo_data.mix_shares import repeats, shares
from zoo_data.mix_spec import MixSource


class _Stored(NamedTuple):
    """A set, and what its source has read."""

    one: OneSet
    raw: RawSet


class _Places(Sequence[str]):
    """The location of every series, made when one is asked for."""

    def __init__(self, series: MixedSeries) -> None:
        self._series = series

    def __len__(self) -> int:
        return len(self._series)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self._series.place(row) for row in range(*index.indices(len(self)))]
        return self._series.place(index)


def peek_mix(mix: MixSource) -> Extent:
    """The extent, from those of all sets; raise DataError for one that cannot be read, or is too short."""
    known = True
    for one in sets_of(mix):
        with within(one.field):
            found = one.source.peek()
            _fit(mix, found.sensor).require(found.shortest, one.source.location)
        known &= found.sensor.rate is not None
    return Extent(1, mix.length, mix.length, (ONE_CLASS,), _sensor(mix, known))


def read_mix(mix: MixSource) -> RawSet:
    """Series of all training splits, with how often an epoch has each, and those of all test splits, once each.

    Reads every window once, for scales and gaps. Raises DataError as the sources of the sets do.
    """
    sets = [_read(mix, one) for one in sets_of(mix)]
    unknown = [one.name for one, raw in sets if raw.sensor.rate is None]
    if mix.rate is not None and unknown:
        note = f"data.source.rate: the rate of {', '.join(unknown)} is unknown: whole series are brought to the length"
        warnings.warn(note, ZooNote, stacklevel=2)
    train = [_train(mix, raw) for _, raw in sets]
    test = [part._replace(split=raw.test) for part, (_, raw) in zip(train, sets, strict=True) if raw.test is not None]
    weights = [mix.weights.get(one.name, 1.0) for one, _ in sets]
    learned = _split(mix, train, weights)
    return RawSet(learned, _split(mix, test) if test else None, (ONE_CLASS,), _sensor(mix, not unknown))


def _read(mix: MixSource, one: OneSet) -> _Stored:
    with within(one.field):
        raw = one.source.read()
        for split in raw.splits:
            require_windows(split)
            _fit(mix, raw.sensor).require(split.lengths[0], split.where)
    return _Stored(one, raw)


def _train(mix: MixSource, raw: RawSet) -> Part:
    scaling = scaling_of(raw.train) if mix.scale == "set" else unscaled(raw.train.channels)
    return Part(raw.train, _fit(mix, raw.sensor), scaling)


def _fit(mix: MixSource, sensor: Sensor) -> Fit:
    return Fit(mix.length, None if mix.rate is None or sensor.rate is None else mix.rate / sensor.rate)


def _sensor(mix: MixSource, known: bool) -> Sensor:
    return Sensor(rate=mix.rate if known else None)


def _split(mix: MixSource, parts: Sequence[Part], weights: Sequence[float] | None = None) -> RawSplit:
    """All series of ``parts`` that have an observed sample; with ``weights``, how often an epoch has each."""
    seen = [np.nonzero(_observed(part)) for part in parts]
    sizes = [len(row) for row, _ in seen]
    part = np.repeat(np.arange(len(parts), dtype=np.int32), sizes)
    row, channel = (np.concatenate(each).astype(np.int32) for each in zip(*seen, strict=True))
    series = MixedSeries(parts, part, row, channel)
    times = repeats(sizes, shares(sizes, weights, mix.power), mix.windows, mix.seed) if weights is not None else None
    return RawSplit(
        mix.location,
        series,
        np.zeros(len(part), np.int64),
        group=_units(parts)[_starts(parts)[part] + row],
        files=_Places(series),
        repeats=None if times is None else np.concatenate(times),
    )


def _observed(part: Part) -> NDArray[np.bool_]:
    found = part.observed()
    if not found.any():
        hint = "choose another length, or leave the set out"
        raise DataError(part.split.where, "observed samples after the length step", "none", hint)
    return found


def _starts(parts: Sequence[Part]) -> NDArray[np.int64]:
    """Where the windows of each part begin if all are numbered through."""
    return np.cumsum([0, *(len(part.split) for part in parts[:-1])])


def _units(parts: Sequence[Part]) -> NDArray[np.int64]:
    """What stays together of every window, numbered through: its group, else its subject, else the window itself."""
    found, start = [], 0
    for part in parts:
        split = part.split
        column = split.group if split.group is not None else split.subject
        units = np.arange(len(split)) if column is None else np.unique(column, return_inverse=True)[1]
        found.append(units + start)
        start += int(units.max()) + 1
    return np.concatenate(found)
