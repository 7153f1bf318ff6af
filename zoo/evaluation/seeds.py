"""Several runs of one spec that differ in their seed: mean and sample deviation of every measure."""

from collections.abc import Sequence

from pydantic import BaseModel
from zoo_registry import SpecError

from zoo.evaluation.report import EvalReport
from zoo.runs.compare import Spread, spread
from zoo.runs.folder import RunFolder
from zoo.runs.protocol import Protocol
from zoo.specs.differences import first_difference


class SeedsMeasure(Spread, frozen=True):
    """The spread of one measure over the runs; ``values`` in the runs' order.

    If the measure is an accuracy, ``correct`` of ``total`` windows for each run.
    """

    name: str
    values: list[float]
    correct: list[int] | None = None
    total: int | None = None


class SeedsReport(BaseModel, frozen=True):
    """Scores of several seeds of one spec."""

    runs: list[str]
    seeds: list[int]
    windows: int
    protocol: Protocol
    measures: list[SeedsMeasure]


def require_seeds(folders: Sequence[RunFolder]) -> list[int]:
    """The seeds of runs that differ in nothing else; raises SpecError that names the first other difference.

    The names of the runs may differ.
    """
    first, *others = [folder.read() for folder in folders]
    for folder, other in zip(folders[1:], others, strict=True):
        ours, theirs = (stored["run"] | {"fingerprint": stored["fingerprint"]} for stored in (first, other))
        difference = first_difference(ours, theirs, apart=("name", "training.seed"))
        if difference:
            old, new = difference.shown
            hint = "several runs are averaged only over seeds; evaluate them one by one"
            raise SpecError(f"{folder.path}: {difference.field}", f"{old}, as in {folders[0].path}", new, hint)
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
            _measure(
                name,
                [found[name] for found in measured],
                [found[name] for found in counts if name in found],
                reports[0].windows,
            )
            for name in common
        ],
    )


def _measure(name: str, values: list[float], correct: list[int], windows: int) -> SeedsMeasure:
    return SeedsMeasure(
        **spread(values).model_dump(),
        name=name,
        values=values,
        correct=correct or None,
        total=windows if correct else None,
    )


def _counts(report: EvalReport) -> dict[str, int]:
    """Correctly classified windows, by name of the accuracy."""
    found = {f"accuracy of {score.reader.label}": score.correct for score in report.scores}
    for trial in report.corruptions or ():
        found |= {f"accuracy of {hits.reader.label}, {trial.name}": hits.correct for hits in trial.correct}
    return found


def _measures(report: EvalReport) -> dict[str, float]:
    found = {name: count / report.windows for name, count in _counts(report).items()}
    for score in report.scores:
        name = score.reader.label
        found |= {f"balanced accuracy of {name}": score.balanced_accuracy, f"macro F1 of {name}": score.macro_f1}
        found |= {} if score.ece is None else {f"ECE of {name}": score.ece}
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
