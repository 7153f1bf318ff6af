"""Judge a trained run on one of its splits and write what was found."""

from dataclasses import dataclass
from typing import Literal

import torch
from lightning.fabric.utilities import move_data_to_device
from zoo_registry import DataError, Registry, RunSpec

from zoo.assembly import ZooModel
from zoo.contracts import Output
from zoo.data.module import ZooData, load_data
from zoo.evaluate.evaluation import EvalReport, Evaluation
from zoo.evaluate.judges import load_judges
from zoo.files import write_json
from zoo.run_folder import RunFolder
from zoo.weights.bundle import load

SplitName = Literal["test", "validation"]


@dataclass(frozen=True)
class Judged:
    """What `zoo eval` found: the report, and the model's output on the first batch, for pictures."""

    run: RunSpec
    split: SplitName
    report: EvalReport
    sample: Output
    labels: list[str]


def judge_run(folder: RunFolder, split: SplitName = "test") -> Judged:
    """Run the bundle of ``folder`` over a whole split, fresh metrics, and write what was found beside it.

    Raises ZooError when there is no finished run, when the data are not those it was trained on, or when a judge
    does not fit.
    """
    stored = folder.read()
    run = Registry.discover().run(stored["run"])
    model = load(folder.bundle).eval()
    data = load_data(run)
    if data.data.fingerprint != stored["fingerprint"]:
        raise DataError(
            str(folder.run_file), "the data it was trained on", "other data under the same path", "restore the data"
        )
    judged = _judge(model, run, data, split)
    content = {"split": split, "fingerprint": stored["fingerprint"], **judged.report.model_dump(mode="json")}
    write_json(folder.evaluation(split), content)
    return judged


@torch.no_grad()
def _judge(model: ZooModel, run: RunSpec, data: ZooData, split: SplitName) -> Judged:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    judges = load_judges(run.evaluation.judges, data.data.input)
    loader = data.test_dataloader() if split == "test" else data.val_dataloader()
    windows = len(data.data.test if split == "test" else data.data.validation)
    evaluation = Evaluation(model, data.data.classes, windows, judges)
    sample: tuple[Output, list[str]] | None = None
    for batch in loader:
        batch = move_data_to_device(batch, device)
        output: Output = model(batch.x, batch.mask, batch.y)
        evaluation.update(output, batch)
        sample = sample or (output, [data.data.classes[int(label)] for label in batch.y])
    assert sample is not None
    return Judged(run, split, evaluation.report(), *sample)
