"""Who proposes the points of a search, and who stops bad ones early."""

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from zoo_registry.sweep import IntervalSpec, PruneSpec, SearchSpec

from zoo.sweep.axis import Axis, Level
from zoo.sweep.plan import Plan
from zoo.sweep.point import Point

STARTUP = 4
"""Points that are done before one can be worse than the median."""


def propose(plan: Plan, study: optuna.Study, trial: optuna.Trial, number: int) -> Point:
    """A point for ``trial``, from what ``study`` has seen; the one it has already, where it was begun before."""
    study.sampler = sampler_of(plan.spec.search or SearchSpec(), number)
    return Point(levels={axis.name: _suggested(axis, trial) for axis in plan.axes})


def sampler_of(search: SearchSpec, number: int) -> BaseSampler:
    """The sampler of one point: a seed of its own, so that workers do not all propose the same."""
    seed = (search.seed + number) % 2**32
    if search.sampler == "tpe":
        return TPESampler(seed=seed, constant_liar=True)  # counts what others are trying as bad, so that tries spread
    return NSGAIISampler(seed=seed) if search.sampler == "nsga2" else RandomSampler(seed=seed)


def pruner_of(prune: PruneSpec | None) -> BasePruner:
    """The pruner that a sweep asks for."""
    if prune is None:
        return NopPruner()
    if prune.kind == "median":
        return MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=prune.warmup)
    return SuccessiveHalvingPruner(min_resource=prune.warmup, reduction_factor=3)


def _suggested(axis: Axis, trial: optuna.Trial) -> Level:
    if axis.interval is not None:
        return axis.at(_number(axis.key, axis.interval, trial))
    labels = [level.label for level in axis.levels]
    return axis.levels[labels.index(trial.suggest_categorical(axis.key, labels))]


def _number(key: str, interval: IntervalSpec, trial: optuna.Trial) -> float:
    log = interval.spacing == "log"
    if interval.integer:
        return trial.suggest_int(key, round(interval.low), round(interval.high), log=log)
    return trial.suggest_float(key, interval.low, interval.high, log=log)
