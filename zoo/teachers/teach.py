"""The teachers of a run predict every training window, once."""

import json
import warnings
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import torch
from torch import Tensor
from zoo_registry import RunSpec, ZooNote

from zoo.contracts import FixedWeights, Weigher
from zoo.data.prepare import Once
from zoo.data.split import DataSet, Split
from zoo.runs.folder import RunFolder
from zoo.runs.teacher_record import TeacherRecord
from zoo.teachers.kept import keep, read_kept
from zoo.teachers.predictions import Predictions, predict, read_predictions
from zoo.teachers.teacher import load_teachers


class Taught(NamedTuple):
    """Predictions of every teacher, their weights in every training window, `(m n)`, and what `run.json` keeps of them
    by name."""

    teachers: tuple[Predictions, ...]
    weights: Tensor
    records: dict[str, TeacherRecord]


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
    records = {teacher.name: teacher.record for teacher in teachers}
    return Taught(found, once(lambda: _weights(run, found, learned, folder)), records)


def _weights(run: RunSpec, teachers: Sequence[Predictions], learned: Split, folder: RunFolder) -> Tensor:
    """The weights `(m n)` of the teachers in every training window; those in ``folder``, if of the same evidence."""
    given = torch.tensor([teacher.weight for teacher in run.teachers.values()])
    prior, target = given / given.sum(), torch.from_numpy(learned.y)
    evidence = torch.stack([teacher.evidence for teacher in teachers])
    spec = None if run.weigh is None else run.weigh.model_dump(mode="json")
    facts = json.dumps([spec, prior.tolist(), run.training.seed]).encode()
    key = sha256(facts + evidence.numpy().tobytes() + learned.y.tobytes()).hexdigest()
    kept = read_kept(folder.teacher_weights, key)
    if kept is None:
        kept = {"weights": _weigh(run, evidence, target, prior).numpy(), "classes": learned.y}
        keep(folder.teacher_weights, key, kept)
    return torch.from_numpy(kept["weights"])


def _weigh(run: RunSpec, evidence: Tensor, target: Tensor, prior: Tensor) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.training.seed)
        weigher: Weigher = FixedWeights() if run.weigh is None else run.weigh.build(len(evidence))
        weigher.fit(evidence, target, prior)
        with torch.no_grad():
            weights: Tensor = weigher(evidence, target, prior)
    return weights.contiguous()


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
