"""One point of a sweep: train its run with every seed, judge it on the validation split, measure what is compared."""

import math
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

import lightning as L
import optuna
from zoo_registry import RunSpec, TrainingError
from zoo_registry.sweep import PruneSpec

from zoo.codebook.measure_run import measure_run
from zoo.codebook.report import CodebookReport
from zoo.contracts import required
from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import HEAD, Reader, on_rebuilt
from zoo.process.owned import owned
from zoo.sweep.plan import Plan
from zoo.sweep.point import Point
from zoo.sweep.queue import LOWER, NUMBER, RUNS
from zoo.sweep.results import RunResult
from zoo.training.devices import find_devices
from zoo.training.fit import train
from zoo.training.module import ZooTraining


def attempt(plan: Plan, point: Point, trial: optuna.Trial, home: Path) -> list[float]:
    """The mean over the seeds of every objective, for runs in folders of ``home``.

    An existing run continues after its last epoch. Raises ZooError if a run is impossible or has a value that is not
    finite, and TrialPruned if it is stopped early.
    """
    number, results = int(trial.user_attrs[NUMBER]), []
    for index, seed in enumerate(plan.spec.seeds):
        run = plan.run(point, number, seed)
        trial.set_user_attr("seed", seed)
        hooks: list[L.Callback] = []
        if plan.spec.prune is not None and index == 0:
            hooks.append(PruneEarly(plan.spec.prune, plan.spec.objectives[0], trial))
        results.append(_result(plan, run, home / run.name, hooks))
        trial.set_user_attr(RUNS, [result.model_dump(mode="json") for result in results])
    return [statistics.fmean(result.values[name] for result in results) for name in plan.spec.objectives]


def _result(plan: Plan, run: RunSpec, path: Path, hooks: list[L.Callback]) -> RunResult:
    start = time.monotonic()
    with ExitStack() as held:
        held.enter_context(owned(path, wait=True))  # a worker presumed dead may still hold it for a moment
        if find_devices(run.trainer).processes > 1:
            held.close()  # the first of these processes owns it in training
        folder = train(run, path, resume=True, quiet=True, hooks=hooks)
        held.enter_context(owned(path, wait=True))
        opened = open_run(folder)
        report = judge_run(opened, "validation")
        book = measure_run(opened, "validation").report if "codebook" in plan.spec.objectives else None
    found = {name: _value(name, report, book) for name in plan.spec.objectives}
    for name, value in found.items():
        if not math.isfinite(value):
            raise TrainingError(f"{path}: {name}", "a finite number", str(value), "look at the run's curves")
    return RunResult(
        seed=run.training.seed,
        folder=path.name,
        values=found,
        windows=report.windows,
        fingerprint=str(folder.read()["fingerprint"]),
        seconds=round(time.monotonic() - start, 1),
    )


def _value(name: str, report: EvalReport, book: CodebookReport | None) -> float:
    if name == "codebook":
        return required(book, "quantizer", "measure codes").score
    if name == "mse":
        return required(report.reconstruction, "decoder", "measure mse")[-1].mse
    found = report.score(_reader(name))
    assert found is not None  # the plan refuses runs without this classifier
    return found.accuracy


def _reader(objective: str) -> Reader:
    """The classifier whose accuracy is an objective: the model's own head, or else a judge of that name."""
    return HEAD if objective == "accuracy" else on_rebuilt(objective)


class PruneEarly(L.Callback):
    """Reports one measure of every epoch and stops the run when the pruner decides so."""

    def __init__(self, prune: PruneSpec, objective: str, trial: optuna.Trial) -> None:
        measure = prune.by or objective
        self.trial = trial
        self.column = "mse" if measure == "mse" else _reader(measure).metric
        self.sign = 1 if (measure in LOWER) == (objective in LOWER) else -1
        """The pruner treats the reported measure as the objective: the sign is flipped if their directions differ."""

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        if pl_module.found is None:
            return
        self.trial.report(self.sign * pl_module.found.monitored()[self.column], trainer.current_epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned(f"epoch {trainer.current_epoch}")
