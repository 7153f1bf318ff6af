"""A data card: counts, classes, subjects, statistics of the training split, difficulty."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from zoo_registry.data import DataSpec

from zoo.data.difficulty import Difficulty, difficulty
from zoo.data.leaks import Leaks
from zoo.data.prepare import prepare
from zoo.data.split import DataSet, Split

PerSplit = dict[str, int]
"""A number for each of train, validation and test."""


class ClassCount(BaseModel, frozen=True):
    """One class and its windows in each split."""

    name: str
    windows: PerSplit


class ChannelStatistics(BaseModel, frozen=True):
    """One channel of the training split over its observed samples, in the data's units; population deviation."""

    name: str
    mean: float
    std: float
    min: float
    max: float


class DataCard(BaseModel, frozen=True):
    """Everything that `zoo data` reports about a data set.

    ``subjects`` counts the subjects in each split, and ``shared_subjects`` names those in test and another split; both
    are None if subjects are unknown. ``leaks`` counts windows that are in two splits. ``rate`` is in Hz after the
    length step, and ``smooth`` is over how many seconds a moving mean was taken; None if unknown. ``missing`` is the
    unobserved share of all samples. ``majority`` is the number of test windows in their most frequent class.
    """

    name: str
    windows: PerSplit
    classes: list[ClassCount]
    majority: int
    subjects: PerSplit | None
    shared_subjects: list[str] | None
    leaks: Leaks
    channels: list[ChannelStatistics]
    length: int
    rate: float | None
    units: str | None
    smooth: float | None
    missing: float
    fingerprint: str
    difficulty: Difficulty


def draw_card(spec: DataSpec) -> tuple[DataCard, DataSet]:
    """The card of the data in ``spec``, and the data; raises DataError if they are refused."""
    data, place = prepare(spec), spec.source.place
    splits = {split.name: split for split in (data.train, data.validation, data.test)}
    support = {name: np.bincount(split.y, minlength=len(data.classes)) for name, split in splits.items()}
    low, high = _extremes(data.train)
    people = _subjects(splits)
    card = DataCard(
        name=spec.source.location if place is None else place.resolve().name,
        windows={name: len(split) for name, split in splits.items()},
        classes=[
            ClassCount(name=label, windows={name: int(counts[k]) for name, counts in support.items()})
            for k, label in enumerate(data.classes)
        ],
        majority=int(support["test"].max()),
        subjects=people,
        shared_subjects=None if data.shared_subjects is None else list(data.shared_subjects),
        leaks=data.leaks,
        channels=[
            ChannelStatistics(name=name, mean=mean, std=std, min=least, max=most)
            for name, mean, std, least, most in zip(
                data.input.channel_labels, *map(_list, (data.mean, data.std, low, high)), strict=True
            )
        ],
        length=data.train.shape[2],
        rate=data.input.rate,
        units=data.input.units,
        smooth=data.input.smooth,
        missing=_missing(list(splits.values())),
        fingerprint=data.fingerprint,
        difficulty=difficulty(data),
    )
    return card, data


def write_statistics(data: DataSet, path: Path) -> None:
    """Mean and deviation of the training split as the `.npz` that `zoo import --expects-norm` reads.

    A constant channel gets deviation 1. Raises OSError.
    """
    from zoo.io.files import new_file

    with new_file(path) as file:
        np.savez(file, mean=data.mean, std=np.where(data.std > 0, data.std, 1))


def _list(values: NDArray[np.float64]) -> list[float]:
    return [float(value) for value in values]


def _subjects(splits: dict[str, Split]) -> PerSplit | None:
    found = {name: len(np.unique(split.subject)) for name, split in splits.items() if split.subject is not None}
    return found or None


def _extremes(split: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest observed value of every channel, `(c)` each."""
    low, high = np.full(split.shape[1], np.inf), np.full(split.shape[1], -np.inf)
    for x, mask in split.blocks():
        seen = np.ones(x.shape, dtype=bool) if mask is None else mask
        low = np.minimum(low, np.where(seen, x, np.inf).min((0, 2)))
        high = np.maximum(high, np.where(seen, x, -np.inf).max((0, 2)))
    return low, high


def _missing(splits: list[Split]) -> float:
    """Share of unobserved samples in all splits."""
    hidden = sum(int((~mask).sum()) for split in splits for _, mask in split.blocks() if mask is not None)
    return hidden / sum(int(np.prod(split.shape)) for split in splits)
