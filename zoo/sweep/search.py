"""Sampler and pruner of a search."""

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from zoo_registry.sweep import IntervalSpec, PruneSpec, SearchSpec

from zoo.sweep.axis import Axis, Level
from zoo.sweep.plan import Plan
from zoo.sweep.point import Point

STARTUP = 4
"""Number of points that must be done before pruning by the median begins."""


def propose(plan: Plan, study: optuna.Study, trial: optuna.Trial, number: int) -> Point:
    """A point for ``trial``, proposed from the trials of ``study``; a restarted trial keeps its point."""
    study.sampler = sampler_of(plan.spec.search or SearchSpec(), number)
    return Point(levels={axis.name: _suggested(axis, trial) for axis in plan.axes})


def sampler_of(search: SearchSpec, number: int) -> BaseSampler:
    """The sampler of one point, with its own seed, so that workers do not all propose the same point."""
    seed = (search.seed + number) % 2**32
    if search.sampler == "tpe":
        return TPESampler(seed=seed, constant_liar=True)  # counts running trials as bad, so that workers spread out
    return NSGAIISampler(seed=seed) if search.sampler == "nsga2" else RandomSampler(seed=seed)


def pruner_of(prune: PruneSpec | None) -> BasePruner:
    """The pruner of a sweep."""
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
