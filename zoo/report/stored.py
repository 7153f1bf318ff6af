"""Stored results of `zoo eval` and `zoo codebook`, if they belong to the present weights and data of the run."""

from pydantic import ValidationError
from zoo_registry import DataError, SpecError

from zoo.codebook.book import Measured
from zoo.codebook.score import DEFINITION
from zoo.codebook.stored import read_measured
from zoo.evaluation.loaded_run import LoadedRun
from zoo.evaluation.report import EvalReport
from zoo.runs.folder import RunFolder


def evaluation_of(opened: LoadedRun) -> EvalReport:
    """The run's scores on the test split: the stored ones if still valid, else judged now and stored."""
    if (stored := stored_evaluation(opened.folder)) is not None:
        return stored
    from zoo.evaluation.judge_run import judge_run  # imports the metrics, which takes seconds

    return judge_run(opened)


def stored_evaluation(folder: RunFolder) -> EvalReport | None:
    """Content of `eval.json`; None if it is missing, of other weights or data, or of another version."""
    try:
        content = folder.stamped(folder.evaluation("test"))
        return None if content is None else EvalReport.model_validate(content)
    except (SpecError, ValidationError):
        return None


def codebook_of(opened: LoadedRun) -> Measured:
    """The same for the run's codebook; raises SpecError for a model without a quantizer."""
    if (stored := stored_codebook(opened.folder)) is not None:
        return stored
    from zoo.codebook.measure_run import measure_run  # the same for its probe

    return measure_run(opened)


def stored_codebook(folder: RunFolder) -> Measured | None:
    """Content of `codebook.json` under the same conditions, and only if its score has today's definition."""
    try:
        found = None if folder.stamped(folder.codebook("test")) is None else read_measured(folder)
    except (DataError, SpecError):  # damaged, or of another version
        return None
    return found if found is not None and found.report.definition == DEFINITION else None
