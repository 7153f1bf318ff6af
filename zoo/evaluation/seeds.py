"""Several runs of one spec that differ in their seed: mean and sample deviation of every measure."""

import statistics
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from zoo_registry import SpecError

from zoo.evaluation.report import EvalReport
from zoo.runs.folder import RunFolder, first_difference
from zoo.runs.protocol import Protocol


class Spread(BaseModel, frozen=True):
    """One measure over the runs: ``deviation`` is the sample deviation, n − 1 below; ``values`` in the runs' order.

    If the measure is an accuracy, ``correct`` of ``total`` windows for each run.
    """

    name: str
    mean: float
    deviation: float
    values: list[float]
    correct: list[int] | None = None
    total: int | None = None


class SeedsReport(BaseModel, frozen=True):
    """Scores of several seeds of one spec."""

    runs: list[str]
    seeds: list[int]
    windows: int
    protocol: Protocol
    measures: list[Spread]


def require_seeds(folders: Sequence[RunFolder]) -> list[int]:
    """The seeds of runs that differ in nothing else; raises SpecError that names the first other difference.

    The names of the runs may differ.
    """
    first, *others = [folder.read() for folder in folders]
    for folder, other in zip(folders[1:], others, strict=True):
        difference = first_difference(_apart_from_seed(first), _apart_from_seed(other))
        if difference:
            where, old, new = difference
            hint = "several runs are averaged only over seeds; judge them one by one"
            raise SpecError(f"{folder.path}: {where}", f"{old}, as in {folders[0].path}", str(new), hint)
    seeds = [int(stored["run"]["training"]["seed"]) for stored in (first, *others)]
    if len(set(seeds)) < len(seeds):
        raise SpecError("training.seed", "another one in every run", ", ".join(map(str, seeds)), "name each run once")
    return seeds


def over_seeds(folders: Sequence[RunFolder], seeds: Sequence[int], reports: Sequence[EvalReport]) -> SeedsReport:
    """Mean and deviation of every measure that all ``reports`` have."""
    measured = [_measures(report) for report in reports]
    counts = [_counts(report) for report in reports]
    common = [name for name in measured[0] if all(name in found for found in measured)]
    return SeedsReport(
        runs=[str(folder.path) for folder in folders],
        seeds=list(seeds),
        windows=reports[0].windows,
        protocol=reports[0].protocol,
        measures=[
            _spread(name, [found[name] for found in measured], [found.get(name) for found in counts], reports[0])
            for name in common
        ],
    )


def _apart_from_seed(stored: dict[str, Any]) -> dict[str, Any]:
    run, fingerprint = stored["run"], stored["fingerprint"]
    training = {name: value for name, value in run["training"].items() if name != "seed"}
    kept = {name: value for name, value in run.items() if name != "name"}
    return {**kept, "training": training, "fingerprint": fingerprint}


def _spread(name: str, values: list[float], correct: list[int | None], report: EvalReport) -> Spread:
    counted = [count for count in correct if count is not None]
    return Spread(
        name=name,
        mean=statistics.fmean(values),
        deviation=statistics.stdev(values),
        values=values,
        correct=counted or None,
        total=report.windows if counted else None,
    )


def _counts(report: EvalReport) -> dict[str, int]:
    """Correctly classified windows, by name of the accuracy."""
    found = {f"accuracy of {name}": scores.correct for name, scores in report.classifiers.items()}
    for trial in report.corruptions or ():
        found |= {f"accuracy of {name}, {trial.name}": count for name, count in trial.correct.items()}
    return found


def _measures(report: EvalReport) -> dict[str, float]:
    found = {name: count / report.windows for name, count in _counts(report).items()}
    for name, scores in report.classifiers.items():
        found |= {f"balanced accuracy of {name}": scores.balanced_accuracy, f"macro F1 of {name}": scores.macro_f1}
        found |= {} if scores.ece is None else {f"ECE of {name}": scores.ece}
    if report.reconstruction:
        every = report.reconstruction[-1]
        fits = {"MSE": every.mse, "R²": every.r2, "correlation": every.correlation, "spectral": every.spectral}
        found |= {name: value for name, value in fits.items() if value is not None}
    if report.shape_fit is not None and report.shape_fit.correlation is not None:
        found["shape fit"] = report.shape_fit.correlation
    for trial in report.corruptions or ():
        found |= {} if trial.mse is None else {f"MSE, {trial.name}": trial.mse}
    for level in report.codebook or ():
        found |= {f"{level.book}: codes used": float(level.used), f"{level.book}: perplexity": level.perplexity}
    return found
