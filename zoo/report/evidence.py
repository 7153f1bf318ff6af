"""The content of the page of one run, gathered from its folder and its data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from zoo_registry import RunSpec

from zoo.codebook.book import Measured
from zoo.codebook.stored import stored_codebook
from zoo.contracts import Output
from zoo.data.split import DataSet
from zoo.evaluation.figures import varied
from zoo.evaluation.loaded_run import LoadedRun, open_run
from zoo.evaluation.report import EvalReport
from zoo.evaluation.stored import evaluation_of
from zoo.findings.gather import facts_of, record
from zoo.findings.verdict import Verdict
from zoo.report.applied import AppliedRow, applied_rows
from zoo.report.history import History, read_history
from zoo.report.wording import Wording, wording
from zoo.runs.folder import RunFolder
from zoo.runs.teacher_record import TeacherRecord
from zoo.specs.read import read_result, validated
from zoo.weights.report import Transferred

_CROWD = 5
"""Number of channels from which four windows side by side are hard to read."""


@dataclass(frozen=True)
class Sample:
    """Model output for a few test windows of different classes, and their names."""

    output: Output
    labels: list[str]


@dataclass(frozen=True)
class Evidence:
    """A judged run: ``stored`` is its run.json, ``transfer`` its transfer.json if weights were transferred,
    ``wording`` the words of a model with text, ``teachers`` those of its `run.json`, ``applied`` what `zoo apply` wrote
    with it.

    ``run`` has the present location of its data.
    """

    folder: RunFolder
    run: RunSpec
    stored: dict[str, Any]
    report: EvalReport
    codebook: Measured | None
    verdict: Verdict
    data: DataSet
    sample: Sample
    history: History | None
    transfer: Transferred | None
    wording: Wording | None
    teachers: Mapping[str, TeacherRecord]
    applied: list[AppliedRow]

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.run.name


def gather(folder: RunFolder, moved: Sequence[str] = ()) -> Evidence:
    """Evidence of the finished run in ``folder``; if necessary it is judged and measured first.

    Results are written into the folder, as by `zoo eval` and `zoo codebook`; ``moved`` is as for `open_run`. Raises
    ZooError as `zoo eval` does.
    """
    opened = open_run(folder, moved)
    report, sample = evaluation_of(opened), _sample(opened)
    codebook = _codebook(opened) if opened.run.model.quantizer else None
    return Evidence(
        folder=folder,
        run=opened.run,
        stored=folder.read(),
        report=report,
        codebook=codebook,
        verdict=record(facts_of(folder.path, report, codebook.report if codebook else None), folder.path),
        data=opened.data,
        sample=sample,
        wording=wording(opened.model, sample.output),
        history=read_history(folder.metrics),
        transfer=_transferred(folder),
        teachers=folder.taught_by(),
        applied=applied_rows(folder),
    )


def _codebook(opened: LoadedRun) -> Measured:
    """The stored codebook if it is still valid, else that measured and stored now."""
    stored = stored_codebook(opened.folder)
    if stored is not None:
        return stored
    from zoo.codebook.measure_run import measure_run  # imports the probe, which takes seconds

    return measure_run(opened)


def _transferred(folder: RunFolder) -> Transferred | None:
    if not folder.transfer.exists():
        return None
    return validated(folder.transfer, Transferred, read_result(folder.transfer), "zoo train")


@torch.no_grad()
def _sample(opened: LoadedRun) -> Sample:
    split = opened.split("test")
    examples = 4 if opened.data.input.channels < _CROWD else 3
    rows = np.asarray(varied([opened.classes[label] for label in split.y], examples), dtype=np.intp)
    (batch,) = opened.read("test", rows)
    output: Output = opened.model(batch.x, batch.mask)
    return Sample(output, [opened.classes[label] for label in split.y[rows]])
