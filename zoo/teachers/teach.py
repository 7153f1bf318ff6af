"""The teachers of a run predict every training window, once."""

import warnings

import torch
from torch import Tensor
from zoo_registry import RunSpec, ZooNote

from zoo.data.prepare import Once
from zoo.data.split import DataSet, Split
from zoo.runs.folder import RunFolder
from zoo.teachers.predictions import Predictions, predict, read_predictions
from zoo.teachers.teacher import load_teachers


def teach(run: RunSpec, data: DataSet, learned: Split, folder: RunFolder, once: Once) -> tuple[Predictions, ...]:
    """The predictions of the teachers of ``run`` for the training windows ``learned``, kept in ``folder``.

    They are computed in ``once``. Raises ZooError for a teacher that does not suit the student.
    """
    maps = any(spec.maps for spec in run.distill)
    teachers, size = load_teachers(run, data), run.evaluation.batch

    def write() -> None:
        for teacher in teachers:
            predict(teacher, data, learned, folder.teachers, maps, size)

    once(write)
    return tuple(read_predictions(teacher, data, learned, folder.teachers, maps) for teacher in teachers)


def note_seen(run: RunSpec, taught: tuple[Predictions, ...], learned: Split, validation: Split) -> None:
    """Warn if teachers are weighed by predictions for windows they were trained on, where they are nearly always
    right."""
    if run.weigh is None or not run.weigh.evidence:
        return
    for teacher in taught:
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
