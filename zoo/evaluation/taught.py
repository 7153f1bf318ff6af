"""Measure what the teachers of a run know about a split, and what its student learned from them."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from zoo_registry import SpecError, ZooError, ZooNote

from zoo.contracts import gram, unit_rows
from zoo.data.prepare import here
from zoo.data.split import Split
from zoo.evaluation.classification import Classification
from zoo.evaluation.judge import Reading
from zoo.evaluation.loaded_run import LoadedRun, SplitName
from zoo.evaluation.score import HEAD
from zoo.evaluation.taught_report import ClassWeights, Paired, Reached, Rescue, TaughtReport
from zoo.evaluation.times import STUDENT, ProcessingTime, processing_times
from zoo.model.assembly import ZooModel
from zoo.model.latency import BATCHES
from zoo.runs.data import learned_windows
from zoo.teachers.model_logits import model_logits
from zoo.teachers.predictions import features
from zoo.teachers.teach import teach
from zoo.teachers.teacher import Teacher, load_teacher

DRAWS = 10_000
"""Bootstrap samples of an interval."""

_MEAN, _ORACLE = "mean of teachers", "any teacher"


@dataclass(frozen=True)
class _Windows:
    """Logits `(n k)` of the student and of every teacher for the same windows, whose classes are ``target (n)``."""

    target: Tensor
    student: Tensor
    teachers: Mapping[str, Tensor]

    def right(self, logits: Tensor) -> Tensor:
        """Which windows are classified correctly, `(n)`."""
        return logits.argmax(-1) == self.target


def judge_teachers(
    opened: LoadedRun, split: SplitName, alone: LoadedRun | None = None, times: bool = False
) -> TaughtReport:
    """Teachers and student on a split of the run's data; with ``alone``, the run of the student without teachers, also
    window by window; with ``times``, their processing times.

    A teacher that is missing, has changed or is not known for this split is left out, with a ZooNote. Raises SpecError
    if the data of ``alone`` differ.
    """
    run, windows, size = opened.run, opened.split(split), opened.run.evaluation.batch
    teachers = list(_found(opened))
    known = {
        teacher.name: found for teacher in teachers if (found := _logits(teacher, split, windows, size)) is not None
    }
    read = _Windows(torch.from_numpy(windows.y), torch.from_numpy(model_logits(opened.model, windows, size)), known)
    whole = len(teachers) == len(run.teachers)
    distances = list(_distances(opened, split, teachers)) if whole else []
    return TaughtReport(
        readers=list(_readers(read, opened)),
        weights=_weights(opened) if whole else [],
        map_distance=distances or None,
        map_batch=min(size, len(windows)) if distances else None,
        paired=None if alone is None else _paired(opened, alone, split, read),
        times=_times(opened, windows, teachers) if times else None,
    )


def _times(opened: LoadedRun, windows: Split, teachers: list[Teacher]) -> list[ProcessingTime]:
    models = [(teacher.name, teacher.model) for teacher in teachers if teacher.model is not None]
    x = torch.from_numpy(windows.read(slice(0, max(BATCHES))).x)
    return processing_times([*models, (STUDENT, opened.model)], x)


def _found(opened: LoadedRun) -> Iterator[Teacher]:
    """The teachers that can be loaded, on the device of the student."""
    for name, spec in opened.run.teachers.items():
        try:
            teacher = load_teacher(name, spec, opened.data)
        except ZooError as error:
            warnings.warn(f"teachers.{name} is not evaluated: {error}", ZooNote, stacklevel=5)
            continue
        if teacher.model is not None:
            teacher.model.to(opened.model.device)
        yield teacher


def _logits(teacher: Teacher, split: SplitName, windows: Split, size: int) -> Tensor | None:
    if teacher.model is not None:
        return torch.from_numpy(model_logits(teacher.model, windows, size))
    stored = None if teacher.file is None else {"validation": teacher.file.validation, "test": teacher.file.test}[split]
    if stored is None:
        note = f"its file has no logits of the {split} split"
        warnings.warn(f"teachers.{teacher.name} is not evaluated: {note}", ZooNote, stacklevel=5)
        return None
    return torch.from_numpy(stored)


def _readers(read: _Windows, opened: LoadedRun) -> Iterator[Reached]:
    for name, logits in read.teachers.items():
        yield _reached(name, logits, read, opened.classes)
    if not read.teachers:
        return
    prior = torch.tensor([opened.run.teachers[name].weight for name in read.teachers])
    each = torch.stack([logits.softmax(-1) for logits in read.teachers.values()])
    mean = torch.einsum("m,mnk->nk", prior / prior.sum().clamp(min=1e-12), each)
    yield _reached(_MEAN, mean.clamp(min=torch.finfo(mean.dtype).tiny).log(), read, opened.classes)
    right = torch.stack([read.right(logits) for logits in read.teachers.values()]).any(0)
    classes = [right[read.target == k].double().mean() for k in range(len(opened.classes)) if (read.target == k).any()]
    yield Reached(
        name=_ORACLE,
        correct=int(right.sum()),
        total=len(right),
        accuracy=float(right.double().mean()),
        balanced_accuracy=float(torch.stack(classes).mean()),
    )


def _reached(name: str, logits: Tensor, read: _Windows, classes: tuple[str, ...]) -> Reached:
    counted = Classification(HEAD, classes)
    counted.count(Reading(logits.argmax(-1), logits), read.target)
    return Reached(name=name, **counted.report().model_dump(include=_SHARED))


_SHARED = {"correct", "total", "accuracy", "balanced_accuracy", "ece"}


def _weights(opened: LoadedRun) -> list[ClassWeights]:
    """Mean weight of every teacher in the training windows of each class."""
    learned = learned_windows(opened.run, opened.data)
    taught = teach(opened.run, opened.data, learned, opened.folder, here)
    assert taught is not None
    target = torch.from_numpy(learned.y)
    return [
        ClassWeights(name=name, windows=int(of.sum()), weights=taught.weights[:, of].mean(1).tolist())
        for k, name in enumerate(opened.classes)
        if (of := target == k).any()
    ]


@torch.no_grad()
def _distances(opened: LoadedRun, split: SplitName, teachers: list[Teacher]) -> Iterator[float]:
    """The distance of the student's similarity maps from those merged over teachers, stage by stage."""
    models = [teacher.model for teacher in teachers if teacher.model is not None]
    if len(models) < len(teachers) or not all(map(_taps, (opened.model, *models))):
        return
    given = [teacher.weight for teacher in opened.run.teachers.values()]
    prior = [weight / sum(given) for weight in given]
    sums: Tensor | float = 0.0
    for batch in opened.batches(split):
        own = [gram(part.float()) for part in features(opened.model, batch)]
        theirs = [[gram(part.float()) for part in features(model, batch)] for model in models]
        stages = min(len(own), *map(len, theirs))
        parts = []
        for stage in range(-stages, 0):
            merged = torch.stack([weight * one[stage] for weight, one in zip(prior, theirs, strict=True)]).sum(0)
            parts.append(F.mse_loss(unit_rows(own[stage]), unit_rows(merged)))
        sums = sums + torch.stack(parts).cpu() * len(batch.y)
    if isinstance(sums, Tensor):
        yield from (sums / len(opened.split(split))).tolist()


def _paired(opened: LoadedRun, alone: LoadedRun, split: SplitName, read: _Windows) -> Paired:
    if not opened.data.has(alone.data.fingerprint):
        hint = "name a run on the same data and split"
        raise SpecError("--alone", "a run on the data of this one", f"other data in {alone.folder.path}", hint)
    windows = alone.split(split)
    other = read.right(torch.from_numpy(model_logits(alone.model, windows, alone.run.evaluation.batch)))
    mine = read.right(read.student)
    difference = mine.double().numpy() - other.double().numpy()
    units, rows = _units(windows)
    low, high = bootstrap(difference, rows)
    return Paired(
        alone=str(alone.folder.path),
        both=int((mine & other).sum()),
        won=int((mine & ~other).sum()),
        lost=int((~mine & other).sum()),
        neither=int((~mine & ~other).sum()),
        difference=float(difference.mean()),
        low=low,
        high=high,
        units=units,
        draws=DRAWS,
        rescues=[_rescue(name, ~other & read.right(logits), mine) for name, logits in read.teachers.items()],
    )


def _rescue(teacher: str, saved: Tensor, mine: Tensor) -> Rescue:
    return Rescue(teacher=teacher, windows=int(saved.sum()), learned=int((saved & mine).sum()))


def _units(windows: Split) -> tuple[str, NDArray[np.intp]]:
    """What is drawn, and its number for every window: subjects, else groups, else windows."""
    for name, column in (("subjects", windows.subject), ("groups", windows.group)):
        if column is not None and len(np.unique(column)) > 1:
            return name, np.unique(column, return_inverse=True)[1]
    return "windows", np.arange(len(windows))


def bootstrap(values: NDArray[np.float64], units: NDArray[np.intp]) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the mean of ``values (n)`` over samples of ``units (n)``, drawn with
    replacement (cluster bootstrap; Davison & Hinkley 1997, section 3.8). Draws are seeded."""
    sums, sizes = np.bincount(units, values), np.bincount(units).astype(float)
    drawn = np.random.default_rng(0).integers(len(sums), size=(DRAWS, len(sums)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _taps(model: ZooModel) -> bool:
    """Whether the features of the model's head can be read."""
    head = model.spec.head
    return head is not None and bool(head.taps(model.trace.read_by(head)))
