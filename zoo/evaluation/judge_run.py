"""Judge a trained run on one of its splits and write the results."""

from collections.abc import Sequence

import torch
from zoo_registry import SpecError

from zoo.contracts import Output
from zoo.evaluation.class_reconstruction import ClassReconstructions
from zoo.evaluation.corruption import Corruption
from zoo.evaluation.corruption_trial import CorruptionTrial
from zoo.evaluation.evaluation import Evaluation
from zoo.evaluation.judges import add_judges, load_judges
from zoo.evaluation.loaded_run import LoadedRun, SplitName
from zoo.evaluation.report import EvalReport
from zoo.evaluation.taught import TeacherTrial
from zoo.io.files import write_json


def judge_run(
    opened: LoadedRun,
    split: SplitName = "test",
    corruptions: Sequence[Corruption] = (),
    judges: Sequence[str] = (),
    alone: LoadedRun | None = None,
    times: bool = False,
) -> EvalReport:
    """Run a model over a whole split, compute all metrics, and write them into the run's folder.

    Every window is also evaluated under each of ``corruptions``; ``judges``, `NAME=BUNDLE` or `NAME=ESTIMATOR` each,
    are added to those of the run. A run with teachers is compared with them and, window by window, with the run
    ``alone`` of the student without them; ``times`` asks for their processing times. Raises ZooError when a judge or a
    teacher does not fit.
    """
    taught = _teachers(opened, split, alone, times)
    report, folder = _judge(opened, split, corruptions, judges, taught), opened.folder
    if taught is not None:
        report = report.model_copy(update={"taught": taught.report(times)})
    write_json(folder.evaluation(split), {"split": split} | opened.stamp | report.model_dump(mode="json"))
    return report


def _teachers(opened: LoadedRun, split: SplitName, alone: LoadedRun | None, times: bool) -> TeacherTrial | None:
    if opened.run.teachers:
        return TeacherTrial(opened, split, alone)
    for option, given in (("--alone", alone is not None), ("--times", times)):
        if given:
            raise SpecError(option, "a run with teachers", f"none in {opened.folder.path}", "leave it out")
    return None


@torch.no_grad()
def _judge(
    opened: LoadedRun,
    split: SplitName,
    corruptions: Sequence[Corruption],
    given: Sequence[str],
    taught: TeacherTrial | None,
) -> EvalReport:
    model, names = opened.model, opened.classes
    judges = load_judges(add_judges(opened.run.evaluation.judges, given), opened.data, opened.folder.judges)
    windows, deviation = len(opened.split(split)), torch.from_numpy(opened.data.std)
    evaluation = Evaluation(model, names, windows, judges)
    details = Details(opened)
    trials = [CorruptionTrial(corruption, model, names, windows, judges, deviation) for corruption in corruptions]
    for batch in opened.batches(split):
        output: Output = model(batch.x, batch.mask, batch.y, taught is not None and taught.taps)
        evaluation.update(output, batch)
        if taught is not None:
            taught.update(output, batch)
        details.update(output, batch.y)
        for trial in trials:
            trial.update(batch)
    found = details.complete(evaluation.report())
    tried = [trial.report() for trial in trials] or None
    return found.model_copy(update={"corruptions": tried})


class Details:
    """Measures on the clean windows that only `zoo eval` makes: errors per class."""

    def __init__(self, opened: LoadedRun) -> None:
        self.opened = opened
        shapes = opened.model.trace
        self.per_class: ClassReconstructions | None = None
        if shapes.recon and len(opened.classes) > 1:
            self.per_class = ClassReconstructions(opened.classes, shapes.signal["c"])

    def update(self, output: Output, target: torch.Tensor) -> None:
        """Add the model's output for one batch of classes `target (b)`."""
        if self.per_class is not None and output.x_recon is not None:
            self.per_class.to(output.x.device).update(output.x, output.x_recon, target, output.mask)

    def complete(self, report: EvalReport) -> EvalReport:
        """``report`` with these measures and the protocol of the run."""
        return report.model_copy(
            update={
                "protocol": self.opened.run.evaluation.protocol,
                "per_class": self.per_class.report() if self.per_class is not None else None,
            }
        )
