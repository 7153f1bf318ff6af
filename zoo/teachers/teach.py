"""The teachers of a run predict every training window, once."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from zoo_registry import RunSpec, ZooNote

from zoo.contracts import FixedWeights, Weigher
from zoo.data.prepare import Once
from zoo.data.split import DataSet, Split
from zoo.runs.folder import RunFolder
from zoo.teachers.predictions import Predictions, predict, read_predictions
from zoo.teachers.teacher import load_teachers


class Taught(NamedTuple):
    """Predictions of every teacher, and their weights in every training window, `(m n)`."""

    teachers: tuple[Predictions, ...]
    weights: Tensor


def teach(run: RunSpec, data: DataSet, learned: Split, folder: RunFolder, once: Once) -> Taught | None:
    """What the teachers of ``run`` say about the training windows ``learned``; None for a run without teachers.

    It is computed in ``once`` and kept in ``folder``. Raises ZooError for a teacher that does not suit the student. The
    state of the default random generator does not change.
    """
    if not run.teachers:
        return None
    maps = any(spec.maps for spec in run.distill)
    teachers, size = load_teachers(run, data), run.evaluation.batch

    def write() -> None:
        for teacher in teachers:
            predict(teacher, data, learned, folder.teachers, maps, size)

    once(write)
    found = tuple(read_predictions(teacher, data, learned, folder.teachers, maps) for teacher in teachers)
    return Taught(found, once(lambda: weigh(run, found, learned)))


def weigh(run: RunSpec, teachers: Sequence[Predictions], learned: Split) -> Tensor:
    """The weights `(m n)` of the teachers in every training window."""
    given = torch.tensor([teacher.weight for teacher in run.teachers.values()])
    evidence, target = torch.stack([teacher.evidence for teacher in teachers]), torch.from_numpy(learned.y)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.training.seed)
        weigher: Weigher = FixedWeights() if run.weigh is None else run.weigh.build(len(teachers))
        weigher.fit(evidence, target, given / given.sum())
        with torch.no_grad():
            weights: Tensor = weigher(evidence, target, given / given.sum())
    return weights.clone()


def note_seen(run: RunSpec, teachers: Sequence[Predictions], learned: Split, validation: Split) -> None:
    """Warn if teachers are weighed by predictions for windows they were trained on, where they are nearly always
    right."""
    if run.weigh is None or not run.weigh.evidence:
        return
    for teacher in teachers:
        if not teacher.unseen:
            found = f"right for {_right(teacher.evidence, learned)} windows there"
            if teacher.validation is not None:
                found += f" and for {_right(teacher.validation, validation)} in validation"
            warnings.warn(
                f"teachers.{teacher.name}: {run.weigh.kind} weighs it by its predictions for windows it was trained "
                f"on. It is {found}. Train it with `zoo train --folds`",
                ZooNote,
                stacklevel=3,
            )


def _right(logits: Tensor, split: Split) -> str:
    return f"{int((logits.argmax(-1) == torch.from_numpy(split.y)).sum()):,} of {len(split):,}"
