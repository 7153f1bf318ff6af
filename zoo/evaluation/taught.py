"""Measure what the teachers of a run know about a split, and what its student learned from them."""

import warnings
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from zoo_registry import SpecError, ZooError, ZooNote

from zoo.contracts import Output, gram, merged_grams, unit_rows
from zoo.data.batch import Batch
from zoo.data.split import Split
from zoo.evaluation.classification import Classification
from zoo.evaluation.judge import Reading
from zoo.evaluation.loaded_run import LoadedRun, SplitName
from zoo.evaluation.score import HEAD
from zoo.evaluation.taught_report import ClassWeights, Paired, Reached, Rescue, TaughtReport
from zoo.evaluation.times import STUDENT, ProcessingTime, processing_times
from zoo.model.latency import BATCHES
from zoo.teachers.kept import read_kept
from zoo.teachers.teacher import Teacher, load_teacher

DRAWS = 10_000
"""Bootstrap samples of an interval."""

_MEAN, _ORACLE = "mean of teachers", "any teacher"


class TeacherTrial:
    """Teachers and student on one split, batch by batch; with ``alone``, the run of the student without teachers, also
    window by window.

    ``taps``: the student's output needs features, for similarity maps. A teacher that is missing, has changed or is not
    known for this split is left out, with a ZooNote. Raises SpecError if the data of ``alone`` differ.
    """

    def __init__(self, opened: LoadedRun, split: SplitName, alone: LoadedRun | None = None) -> None:
        if alone is not None and not opened.data.has(alone.data.fingerprint):
            hint = "name a run on the same data and split"
            raise SpecError("--alone", "a run on the data of this one", f"other data in {alone.folder.path}", hint)
        self.opened, self.split, self.alone = opened, split, alone
        self.teachers = list(_found(opened, split))
        networks = [teacher.model for teacher in self.teachers if teacher.model is not None]
        whole = len(networks) == len(opened.run.teachers)
        self.taps = whole and all(model.spec.taps() for model in (opened.model, *networks))
        self._logits: dict[str, list[Tensor]] = {teacher.name: [] for teacher in self.teachers}
        self._mine: list[Tensor] = []
        self._other: list[Tensor] = []
        self._distances: list[Tensor] = []

    @torch.no_grad()
    def update(self, output: Output, batch: Batch) -> None:
        """Add the student's output for one batch, which the teachers read too."""
        assert output.logits is not None
        self._mine.append(output.logits.argmax(-1).cpu())
        grams = []
        for teacher in self.teachers:
            logits, features = _read(teacher, self.split, batch, self.taps)
            self._logits[teacher.name].append(logits)
            grams.append([gram(part.float()) for part in features])
        if self.alone is not None:
            other: Output = self.alone.model(batch.x, batch.mask)
            assert other.logits is not None
            self._other.append(other.logits.argmax(-1).cpu())
        if self.taps:
            own = [gram(part.float()) for part in output.features]
            self._distances.append(_distances(own, grams, self._prior()) * len(batch.y))

    def report(self, times: bool = False) -> TaughtReport:
        """All results; with ``times`` also processing times, which are measured now."""
        windows = self.opened.split(self.split)
        target, mine = torch.from_numpy(windows.y), torch.cat(self._mine)
        known = {name: torch.cat(parts) for name, parts in self._logits.items() if parts}
        distances = (torch.stack(self._distances).sum(0) / len(windows)).tolist() if self._distances else None
        return TaughtReport(
            readers=list(self._readers(known, target)),
            weights=_weights(self.opened),
            map_distance=distances,
            map_batch=min(self.opened.run.evaluation.batch, len(windows)) if distances else None,
            paired=None if self.alone is None else self._paired(self.alone, windows, mine, known),
            times=self._times(windows) if times else None,
        )

    def _prior(self) -> Tensor:
        """The prior weights of the known teachers, `(m)`; 0 for all if they are."""
        given = torch.tensor([teacher.spec.weight for teacher in self.teachers])
        return given / given.sum().clamp(min=torch.finfo(given.dtype).tiny)

    def _readers(self, known: Mapping[str, Tensor], target: Tensor) -> Iterator[Reached]:
        for name, logits in known.items():
            yield self._reached(name, Reading(logits.argmax(-1), logits), target)
        if known:
            each = torch.stack([logits.softmax(-1) for logits in known.values()])
            mean = torch.einsum("m,mnk->nk", self._prior(), each)
            logits = mean.clamp(min=torch.finfo(mean.dtype).tiny).log()
            yield self._reached(_MEAN, Reading(logits.argmax(-1), logits), target)
            said = each.argmax(-1)
            right = (said == target).any(0)
            yield self._reached(_ORACLE, Reading(torch.where(right, target, said[0]), None), target)

    def _reached(self, name: str, reading: Reading, target: Tensor) -> Reached:
        counted = Classification(HEAD, self.opened.classes)
        counted.count(reading, target)
        return Reached(name=name, **counted.report().model_dump(include=_SHARED))

    def _paired(self, alone: LoadedRun, windows: Split, mine: Tensor, known: Mapping[str, Tensor]) -> Paired:
        target = torch.from_numpy(windows.y)
        right, other = mine == target, torch.cat(self._other) == target
        difference = right.double().numpy() - other.double().numpy()
        units, rows = _units(windows)
        low, high = bootstrap(difference, rows)
        saved = {name: ~other & (logits.argmax(-1) == target) for name, logits in known.items()}
        return Paired(
            alone=str(alone.folder.path),
            both=int((right & other).sum()),
            won=int((right & ~other).sum()),
            lost=int((~right & other).sum()),
            neither=int((~right & ~other).sum()),
            difference=float(difference.mean()),
            low=low,
            high=high,
            units=units,
            draws=DRAWS,
            rescues=[
                Rescue(teacher=name, windows=int(of.sum()), learned=int((of & right).sum()))
                for name, of in saved.items()
            ],
        )

    def _times(self, windows: Split) -> list[ProcessingTime]:
        models = [(teacher.name, teacher.model) for teacher in self.teachers if teacher.model is not None]
        x = torch.from_numpy(windows.read(slice(0, max(BATCHES))).x)
        return processing_times([*models, (STUDENT, self.opened.model)], x)


_SHARED = {"correct", "total", "accuracy", "balanced_accuracy", "ece"}


def _found(opened: LoadedRun, split: SplitName) -> Iterator[Teacher]:
    """The teachers that can be loaded and are known for ``split``, on the device of the student."""
    for name, spec in opened.run.teachers.items():
        try:
            teacher = load_teacher(name, spec, opened.data)
        except ZooError as error:
            warnings.warn(f"teachers.{name} is not evaluated: {error}", ZooNote, stacklevel=5)
            continue
        if teacher.model is not None:
            teacher.model.to(opened.model.device)
        elif teacher.of(split) is None:
            note = f"its file has no logits of the {split} split"
            warnings.warn(f"teachers.{name} is not evaluated: {note}", ZooNote, stacklevel=5)
            continue
        yield teacher


def _read(teacher: Teacher, split: SplitName, batch: Batch, taps: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Logits `(b k)` on the CPU, and the features of the head if ``taps``."""
    if teacher.model is not None:
        output: Output = teacher.model(batch.x, batch.mask, taps=taps)
        assert output.logits is not None
        return output.logits.float().cpu(), output.features
    stored = teacher.of(split)
    assert stored is not None
    return torch.from_numpy(stored)[batch.index.cpu()], ()


def _distances(own: Sequence[Tensor], theirs: Sequence[Sequence[Tensor]], prior: Tensor) -> Tensor:
    """Mean squared difference of the student's similarity maps and those merged over teachers, by stage from the last
    backwards, `(s)` in order."""
    weights = prior.to(own[0])[:, None].expand(-1, len(own[0]))
    parts = []
    for stage in range(-min(len(own), *map(len, theirs)), 0):
        merged = merged_grams([one[stage] for one in theirs], weights)
        parts.append(F.mse_loss(unit_rows(own[stage]), unit_rows(merged)))
    return torch.stack(parts).cpu()


def _weights(opened: LoadedRun) -> list[ClassWeights]:
    """Mean weight of every teacher in the training windows of each class; empty if the run does not keep them."""
    kept = read_kept(opened.folder.teacher_weights)
    if kept is None:
        return []
    classes, weights = kept["classes"], kept["weights"]
    return [
        ClassWeights(name=name, windows=int(of.sum()), weights=weights[:, of].mean(1).tolist())
        for k, name in enumerate(opened.classes)
        if (of := classes == k).any()
    ]


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
