"""The spec of a sweep: a run, the fields that vary and how, and the objectives that compare the runs."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, Tag, model_validator

from zoo_registry.component import Spec
from zoo_registry.errors import SpecError
from zoo_registry.escaping import Name
from zoo_registry.explain import unknown

MOST_POINTS = 10_000
LONGEST_CHOICE = 40
"""Characters of the name of a choice."""
OUTAGE = 300
"""Default time in seconds to wait for a database that does not answer."""
Key = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*( *, *[A-Za-z_][A-Za-z0-9_.]*)*$", max_length=400)]
"""A path in a run spec, several comma-separated paths, or the name of choices."""
Objective = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Spacing = Literal["linear", "log"]


class GridSpec(Spec):
    """Equally spaced numbers between two ends."""

    first: float = Field(alias="from")
    """The first number."""

    last: float = Field(alias="to")
    """The last number."""

    points: int = Field(ge=2, le=1000)
    """Number of values, including both ends."""

    spacing: Spacing = "linear"
    """Equal steps, or equal factors."""

    integer: bool = False
    """Round to whole numbers."""


class IntervalSpec(Spec):
    """An interval of numbers, for a search."""

    low: float
    """The smallest number."""

    high: float
    """The largest number."""

    spacing: Spacing = "linear"
    """Sample uniformly, or uniformly on a logarithmic scale."""

    integer: bool = False
    """Whole numbers only."""


class ChoicesSpec(Spec):
    """Named settings of one or several paths that change together."""

    choices: Mapping[Annotated[Name, Field(min_length=1, max_length=LONGEST_CHOICE)], Mapping[str, JsonValue]] = Field(
        min_length=1
    )
    """The value of each path, by name of the choice, such as {"100x5": {"model.encoder.patches": 100}}."""


def _which_values(given: object) -> str:
    if isinstance(given, ChoicesSpec) or (isinstance(given, dict) and "choices" in given):
        return "ChoicesSpec"
    if isinstance(given, IntervalSpec) or (isinstance(given, dict) and not given.keys().isdisjoint({"low", "high"})):
        return "IntervalSpec"
    return "GridSpec" if isinstance(given, dict | GridSpec) else "list"


Values = Annotated[
    Annotated[tuple[JsonValue, ...], Tag("list"), Field(min_length=1, max_length=1000)]
    | Annotated[GridSpec, Tag("GridSpec")]
    | Annotated[IntervalSpec, Tag("IntervalSpec")]
    | Annotated[ChoicesSpec, Tag("ChoicesSpec")],
    Discriminator(_which_values),
]


class RefineSpec(Spec):
    """A finer grid around the best point, between its neighbours on the first grid, after that grid is finished."""

    points: int = Field(default=8, ge=1, le=100)
    """New values of each varied number, strictly between the neighbours of the best one."""

    spacing: Spacing = "linear"
    """Equal steps, or equal factors."""

    by: Objective | None = None
    """Objective that selects the best point; null takes the first."""


class SearchSpec(Spec):
    """The number of points of a search, and the sampler that proposes them."""

    trials: int = Field(default=30, ge=1, le=MOST_POINTS)
    """Total number of points."""

    sampler: Literal["tpe", "nsga2", "random"] = "tpe"
    """tpe: tree-structured Parzen estimator (Bergstra et al. 2011). nsga2: a genetic algorithm for several objectives
    (Deb et al. 2002). random: no model."""

    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seed of the proposals."""


class PruneSpec(Spec):
    """Stop a point early if it is worse than the others at the same epoch; its first seed decides."""

    kind: Literal["median", "halving"] = "median"
    """median: worse than half of the points at that epoch. halving: not among the best third at epochs that triple
    (asynchronous successive halving, Li et al. 2020)."""

    by: Objective | None = None
    """accuracy, mse or a judge's name, on the validation split every epoch; null takes the objective itself."""

    warmup: int = Field(default=5, ge=1, le=1_000_000)
    """Epochs before a point can be stopped."""


class SweepSpec(Spec):
    """Many runs of one experiment: the fields that vary and how, the seeds, and the objectives."""

    json_schema: str | None = Field(default=None, alias="$schema", exclude=True)
    """Where an editor finds the JSON schema; ignored."""

    name: str = Field(default="sweep", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of the sweep and of its folder under `sweeps`."""

    run: str | Mapping[str, Any]
    """The base run: a spec, the path of its JSON file relative to this one's folder, or a preset's name."""

    set: Mapping[str, JsonValue] = {}
    """Fields of the base run that are changed for all points, such as {"training.epochs": 10}."""

    vary: Mapping[Key, Values] = Field(min_length=1, max_length=32)
    """Varied fields, by path in a run spec: a list, a grid {from, to, points}, choices, or {low, high}."""

    method: Literal["grid", "one_at_a_time", "search"] = "grid"
    """grid: every combination. one_at_a_time: the base run, and every value with the rest fixed. search: points that a
    sampler proposes from earlier results."""

    seeds: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] = Field(default=(0,), min_length=1, max_length=100)
    """Seeds for every point; the value of a point is the mean over its seeds."""

    objectives: tuple[Objective, ...] = Field(default=("codebook", "accuracy", "mse"), min_length=1, max_length=8)
    """Measured on the validation split: codebook (its score), accuracy (of the head), mse (of reconstructions), or a
    judge's name (its accuracy on reconstructions). Lower is better for errors, higher for all others."""

    search: SearchSpec | None = None
    """How to search; null takes the defaults."""

    refine: RefineSpec | None = None
    """A second, finer grid; null: none."""

    prune: PruneSpec | None = None
    """Stop bad points early; null: never. With one objective only."""

    tries: int = Field(default=3, ge=1, le=100)
    """Maximum number of starts of a point if its workers die."""

    patience: int = Field(default=60, ge=4, le=86_400)
    """Seconds of silence after which a worker on another machine counts as dead."""

    outage: int = Field(default=OUTAGE, ge=0, le=86_400)
    """Seconds for which workers wait for a database that does not answer, before they end."""

    @model_validator(mode="after")
    def _parts_fit(self) -> "SweepSpec":
        _check_vary(self.vary, searching=self.method == "search")
        _check_once("seeds", self.seeds)
        _check_once("objectives", self.objectives)
        if self.search is not None and self.method != "search":
            raise SpecError("search", "method: search beside it", self.method, "set the method, or leave search out")
        if self.refine is not None:
            self._check_refine(self.refine)
        if self.prune is not None:
            self._check_prune(self.prune)
        return self

    def _check_refine(self, refine: RefineSpec) -> None:
        if self.method == "search":
            raise SpecError("refine", "null, as a search refines by itself", "a finer grid", "raise search.trials")
        if refine.by is not None and refine.by not in self.objectives:
            hint = f"the sweep has {', '.join(self.objectives)}"
            raise unknown("refine.by", "an objective", refine.by, self.objectives, hint)
        if not any(_numeric(values) for values in self.vary.values()):
            raise SpecError("refine", "at least two numbers to refine between", "none varied", "leave refine out")

    def _check_prune(self, prune: PruneSpec) -> None:
        if len(self.objectives) > 1:
            found = f"{len(self.objectives)} of them: {', '.join(self.objectives)}"
            raise SpecError("prune", "one objective to prune by", found, "keep one objective, or leave prune out")
        if (prune.by or self.objectives[0]) == "codebook":
            hint = "name accuracy, mse or a judge"
            raise SpecError("prune.by", "a measure of every epoch", "codebook, measured at the end", hint)


def _numeric(values: object) -> bool:
    if isinstance(values, tuple):
        return len(values) > 1 and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return isinstance(values, GridSpec)


def _check_vary(vary: Mapping[str, Any], searching: bool) -> None:
    for key, values in vary.items():
        where = f"vary.{key}"
        if isinstance(values, IntervalSpec | GridSpec):
            _check_numbers(where, values)
        if isinstance(values, IntervalSpec) and not searching:
            hint = 'write {"from", "to", "points"} or a list, or set method to search'
            raise SpecError(where, "values to put into a grid", f"{values.low:g} to {values.high:g}", hint)
    _check_overlap(vary)


def _check_numbers(where: str, values: IntervalSpec | GridSpec) -> None:
    low, high = (values.low, values.high) if isinstance(values, IntervalSpec) else (values.first, values.last)
    if high <= low:
        raise SpecError(where, "a first number below the last", f"{low:g} to {high:g}", "swap them")
    if values.spacing == "log" and low <= 0:
        raise SpecError(where, "numbers above 0 for equal factors", f"{low:g}", "start above 0, or space linearly")


def _check_overlap(vary: Mapping[str, Any]) -> None:
    """Raise SpecError if two entries of ``vary`` change the same field, or one changes part of a value that the other
    replaces."""
    paths = [(key, path) for key, values in vary.items() for path in dict.fromkeys(_paths(key, values))]
    for (key, path), (other, further) in combinations(paths, 2):
        if key != other and (f"{path}.".startswith(f"{further}.") or f"{further}.".startswith(f"{path}.")):
            found = f"{path} and {further}" if path != further else f"{path} twice"
            raise SpecError(f"vary.{other}", "fields of its own", found, "vary them together as choices")
    for key, path in paths:
        if path in ("training.seed", "name"):
            hint = "list seeds under `seeds`" if path == "training.seed" else "runs are named after their points"
            raise SpecError(f"vary.{key}", "a field other than that", path, hint)


def _paths(key: str, values: object) -> Iterator[str]:
    if isinstance(values, ChoicesSpec):
        yield from (path for settings in values.choices.values() for path in settings)
    else:
        yield from (path.strip() for path in key.split(","))


def _check_once(where: str, values: tuple[object, ...]) -> None:
    if len(set(values)) < len(values):
        raise SpecError(where, "each one once", ", ".join(map(str, values)), "remove what is there twice")
