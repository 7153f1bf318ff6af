"""The plan of a sweep: every run it may train; impossible runs are refused here. Never imports torch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from zoo_registry import InputSpec, Registry, RunSpec, SpecError, ZooError
from zoo_registry.earlier import respelled
from zoo_registry.explain import explain, unknown
from zoo_registry.sweep import PruneSpec, SweepSpec

from zoo.data import input_of
from zoo.specs.overrides import apply_changes
from zoo.specs.presets import load, names
from zoo.specs.read import is_run, load_spec, read_json
from zoo.sweep.axis import Axis, axes_of
from zoo.sweep.point import AS_IT_IS, Point, most_refined, points_of
from zoo.teachers.checks import require_sources
from zoo.texts.filling import with_data

SEED = "{seed}"
"""Placeholder of the seed in the paths of bundles: those of transfers, teachers and judges."""


@dataclass(frozen=True)
class Plan:
    """A sweep with its complete run; ``points`` are those known before training, none for a search."""

    spec: SweepSpec
    base: dict[str, Any]
    axes: list[Axis]
    points: list[Point]
    _inputs: dict[str, InputSpec] = field(default_factory=dict, compare=False)

    @property
    def first(self) -> int:
        """Number of points before the refinement."""
        searching = self.spec.method == "search"
        return (self.spec.search.trials if self.spec.search else 30) if searching else len(self.points)

    @property
    def total(self) -> int:
        """Largest number of points, with those of the finer grid."""
        return self.first + most_refined(self.spec, self.axes)

    def dump(self) -> dict[str, Any]:
        """Plain data from which ``plan_of`` rebuilds this plan."""
        return self.spec.model_dump(mode="json", by_alias=True) | {"run": self.base, "set": {}}

    @property
    def fingerprint(self) -> str:
        """A hash of everything that affects training."""
        return hashlib.sha256(json.dumps(lasting(self.dump()), sort_keys=True).encode()).hexdigest()

    def run(self, point: Point, number: int, seed: int) -> RunSpec:
        """The run of a point with a seed, with the input of its data; raises ZooError that names the point."""
        try:
            data = _changed(self.base, point.settings | {"training.seed": seed})
            run = Registry.discover().run(_with_seed(data, seed) | {"name": point.folder(number, seed)})
            run = with_data(run, self._input(run))
            _require_measured(self.spec, run)
            require_sources(run)
        except ZooError as error:
            raise type(error)(f"{point.label}: {error.where}", error.expected, error.found, error.hint) from None
        return run

    def _input(self, run: RunSpec) -> InputSpec:
        key = run.data.model_dump_json(exclude={"split"})
        if key not in self._inputs:
            self._inputs[key] = input_of(run.data)
        return self._inputs[key]


def read_plan(path: Path) -> Plan:
    """The plan of a sweep file, with every run checked."""
    data = read_json(path)
    spec = _validated(data)
    if isinstance(spec.run, str):
        data = data | {"run": _named(spec.run, path.parent)}
    plan = plan_of(data)
    validate_plan(plan)
    return plan


def _named(run: str, folder: Path) -> object:
    """The run in a file of ``folder``, else a preset."""
    return load(run).run if run in names() and not (folder / run).exists() else load_spec(folder / run)


def plan_of(data: Any) -> Plan:
    """The plan of plain data with a complete run; raises ZooError if the unchanged run is invalid."""
    spec = _validated(data)
    if not is_run(spec.run):
        raise SpecError("run", "a run spec, with a model and data", "something else", "`zoo schema run` describes it")
    base = _changed(dict(spec.run), spec.set)  # type: ignore[arg-type]
    complete = Registry.discover().run(base).dump()
    axes = axes_of(spec)
    return Plan(spec, base, axes, [] if spec.method == "search" else points_of(spec, axes, complete))


def validate_plan(plan: Plan) -> None:
    """Raise ZooError that names the point for an invalid run of the first grid; a search checks the unchanged run."""
    for number, point in enumerate(plan.points or [Point(levels={})]):
        for seed in plan.spec.seeds:
            run = plan.run(point, number, seed)
            if run.evaluation.protocol == "paper":
                hint = "evaluate the best run on the test split afterwards, with `zoo eval`"
                raise SpecError(
                    "run.evaluation.protocol",
                    "honest, because points are selected on the validation split",
                    "paper",
                    hint,
                )
            if plan.spec.prune is not None:
                _require_prunable(plan.spec.prune, plan.spec.objectives[0], run)


def _require_prunable(prune: PruneSpec, objective: str, run: RunSpec) -> None:
    if (prune.by or objective) in run.evaluation.estimators:
        hint = "prune by accuracy, mse or a judge that is a bundle"
        raise SpecError(
            "prune.by", "a measure of every epoch", f"{prune.by or objective}, measured only at the end", hint
        )
    if prune.warmup >= run.training.epochs:
        found = f"{prune.warmup} of {run.training.epochs}"
        raise SpecError("prune.warmup", "fewer epochs than a run has", found, "lower it, or leave prune out")
    if run.trainer.devices != 1 or run.trainer.nodes > 1:
        found = f"devices {run.trainer.devices}, nodes {run.trainer.nodes}"
        raise SpecError(
            "prune", "runs that train in one process", found, "set trainer.devices to 1, or leave prune out"
        )


def _validated(data: Any) -> SweepSpec:
    if not isinstance(data, dict):
        raise SpecError("sweep", "a JSON object", type(data).__name__, "`zoo schema sweep` describes it")
    if is_run(data):
        hint = 'wrap it as {"run": ..., "vary": ...}, or train it with `zoo train`'
        raise SpecError("sweep", "a sweep spec", "a run", hint)
    try:
        return SweepSpec.model_validate(data)
    except ValidationError as error:
        raise explain(error, SweepSpec, data) from None


def _changed(base: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with fields set; omitted parts come from the defaults, as with `zoo train --set`."""
    complete = Registry.discover().run(base).dump()
    try:
        return apply_changes(base, [f"{path}={json.dumps(value)}" for path, value in settings.items()], complete)
    except SpecError as error:
        raise SpecError(error.where.removeprefix("--set "), error.expected, error.found, error.hint) from None


def _with_seed(data: dict[str, Any], seed: int) -> dict[str, Any]:
    """``data`` with ``{seed}`` filled in in the paths of bundles."""
    found = data | {field: _filled(data[field], seed) for field in ("transfer", "teachers") if field in data}
    if isinstance(evaluation := data.get("evaluation"), dict) and "judges" in evaluation:
        found["evaluation"] = evaluation | {"judges": _filled(evaluation["judges"], seed)}
    return found


def _filled(part: Any, seed: int) -> Any:
    if isinstance(part, dict):
        return {name: _filled(value, seed) for name, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, seed) for value in part]
    return part.replace(SEED, str(seed)) if isinstance(part, str) else part


def _require_measured(spec: SweepSpec, run: RunSpec) -> None:
    """Raise SpecError for an objective, or a measure for pruning, that the model does not have."""
    fields = {"objectives": spec.objectives, "prune.by": [spec.prune.by] if spec.prune and spec.prune.by else []}
    for where, wanted in fields.items():
        for name in wanted:
            _require_given(where, name, run)


def _require_given(where: str, name: str, run: RunSpec) -> None:
    model, judges = run.model, run.evaluation.judges
    needs = {"codebook": ("quantizer", model.quantizer), "accuracy": ("head", model.head)}
    role, part = needs.get(name, ("decoder", model.decoder))
    if name not in ("codebook", "accuracy", "mse", *judges):
        known = ["codebook", "accuracy", "mse", *judges]
        raise unknown(where, "an objective that the run gives", name, known, f"it has {', '.join(known)}")
    if part is None:
        hint = f"remove {name!r}, or add one to the model"
        raise SpecError(where, f"a {role} for {name!r}", "none in the model", hint)


def lasting(dumped: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a dumped plan that must not change on resume: all but the time limit for outages."""
    return {name: respelled(value) if name == "run" else value for name, value in dumped.items() if name != "outage"}


def describe_axes(axes: Sequence[Axis]) -> list[tuple[str, str]]:
    """Every axis with its levels in words, in the order of the spec."""
    return [(axis.key, _levels(axis)) for axis in axes]


def _levels(axis: Axis) -> str:
    if axis.interval is not None:
        return f"{axis.interval.low:g} to {axis.interval.high:g}, {axis.interval.spacing}"
    return ", ".join(level.label for level in axis.levels) or AS_IT_IS
