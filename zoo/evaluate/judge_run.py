"""Judge a trained run on one of its splits and write what was found."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from zoo_registry import RunSpec

from zoo.contracts import Output
from zoo.evaluate.class_reconstruction import ClassReconstructions
from zoo.evaluate.corruption import Corruption
from zoo.evaluate.corruption_trial import CorruptionTrial
from zoo.evaluate.evaluation import Evaluation
from zoo.evaluate.judges import add_judges, load_judges
from zoo.evaluate.opened import Opened, SplitName, open_run
from zoo.evaluate.report import EvalReport
from zoo.evaluate.shape_fit import ShapeFit, add_shapes
from zoo.files import write_json
from zoo.run_folder import RunFolder
from zoo.weights.manifest import read_manifest


@dataclass(frozen=True)
class Judged:
    """What `zoo eval` found: the report, and the model's output on the first batch, for pictures."""

    run: RunSpec
    split: SplitName
    report: EvalReport
    sample: Output
    labels: list[str]


def judge_run(
    folder: RunFolder,
    split: SplitName = "test",
    corruptions: Sequence[Corruption] = (),
    judges: Sequence[str] = (),
) -> Judged:
    """Run the bundle of ``folder`` over a whole split, fresh metrics, and write what was found beside it.

    Every window is also tried under each of ``corruptions``; ``judges``, `NAME=BUNDLE` each, join those of the run.
    Raises ZooError when there is no finished run, when the data are not those it was trained on, or when a judge
    does not fit.
    """
    opened = open_run(folder)
    judged = _judge(opened, split, corruptions, judges)
    facts = {"split": split, "fingerprint": opened.fingerprint, "weights": read_manifest(folder.bundle).sha256}
    write_json(folder.evaluation(split), facts | judged.report.model_dump(mode="json"))
    return judged


@torch.no_grad()
def _judge(opened: Opened, split: SplitName, corruptions: Sequence[Corruption], given: Sequence[str]) -> Judged:
    run, model, names = opened.run, opened.model, opened.classes
    judges = load_judges(add_judges(run.evaluation.judges, given), opened.data.input)
    windows, deviation = len(opened.split(split)), torch.from_numpy(opened.data.std)
    evaluation = Evaluation(model, names, windows, judges)
    details = Details(opened)
    trials = [CorruptionTrial(corruption, model, names, windows, judges, deviation) for corruption in corruptions]
    sample: tuple[Output, list[str]] | None = None
    for batch in opened.batches(split):
        output: Output = model(batch.x, batch.mask, batch.y)
        evaluation.update(output, batch)
        details.update(output, batch.y)
        for trial in trials:
            trial.update(batch)
        sample = sample or (output, [names[int(label)] for label in batch.y])
    assert sample is not None
    found = details.complete(evaluation.report())
    tried = [trial.report() for trial in trials] or None
    return Judged(run, split, found.model_copy(update={"corruptions": tried}), *sample)


class Details:
    """What only `zoo eval` measures of the clean windows: errors per class, shapes by length."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        shapes = opened.model.trace
        self.per_class = ClassReconstructions(opened.classes, shapes.signal["c"]) if shapes.recon else None
        self.shapes = ShapeFit() if shapes.shapes else None

    def update(self, output: Output, target: torch.Tensor) -> None:
        """Add what the model gave for one batch of classes `target (b)`."""
        device = output.x.device
        if self.per_class is not None and output.x_recon is not None:
            self.per_class.to(device).update(output.x, output.x_recon, target, output.mask)
        if self.shapes is not None:
            add_shapes(self.shapes.to(device), self.opened.model, output)

    def complete(self, report: EvalReport) -> EvalReport:
        """``report`` with these measures and the protocol of the run."""
        buckets = self.shapes.report() if self.shapes is not None else []
        return report.model_copy(
            update={
                "protocol": self.opened.run.evaluation.protocol,
                "per_class": self.per_class.report() if self.per_class is not None else None,
                "shapes_by_length": buckets if any(bucket.tokens for bucket in buckets) else None,
            }
        )
