"""A cross-validation as a sweep: one axis, the subject left out. Never imports torch."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from zoo_registry import RunSpec, SourceSpec, SpecError
from zoo_registry.sweep import LONGEST_CHOICE

from zoo.crossval.checks import require_crossable
from zoo.data.sources import read
from zoo.sweep.plan import Plan, plan_of, validate_plan

_FEWEST = 2
_HOLD_OUT = "data.split.hold_out"


def plan_folds(run: RunSpec) -> Plan:
    """The sweep that trains ``run`` without one subject after the other.

    Raises ZooError for a run that cannot be cross-validated, and for data without subjects or with a test split.
    """
    require_crossable(run)
    subjects = _subjects(run.data.source)
    choices = {label: {_HOLD_OUT: [name]} for label, name in zip(_labels(subjects), subjects, strict=True)}
    parts = {"vary": {"subject": {"choices": choices}}, "seeds": [run.training.seed], "objectives": ["accuracy"]}
    plan = plan_of({"name": run.name, "run": run.dump(), **parts})
    validate_plan(plan)
    return plan


def left_out(plan: Plan, number: int) -> str:
    """The subject that the run of point ``number`` is trained without."""
    (subject,) = cast(list[str], plan.points[number].settings[_HOLD_OUT])
    return subject


def _subjects(source: SourceSpec) -> list[str]:
    raw = read(source)
    if raw.test is not None:
        hint = "set data.source.test to null, and keep all windows in the training split"
        raise SpecError("data.source", "windows without a test split of their own", "one", hint)
    if raw.train.subject is None:
        raise SpecError("data.source.subject", "a known subject for every window", "none", "name the subject files")
    names: list[str] = np.unique(raw.train.subject.astype(str)).tolist()
    if len(names) < _FEWEST:
        raise SpecError("data.source", f"{_FEWEST} subjects or more", str(len(names)), "add windows of other people")
    return names


def _labels(subjects: Sequence[str]) -> list[str]:
    """A different name of a choice for every subject; numbered if a subject's own name is none."""
    if all(0 < len(name) <= LONGEST_CHOICE for name in subjects):
        return [*subjects]
    width = len(str(len(subjects)))
    return [f"{number:0{width}} {name}"[:LONGEST_CHOICE].strip() for number, name in enumerate(subjects)]
