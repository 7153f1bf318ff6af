"""The stored report of `zoo eval`, if it belongs to the present weights and data of the run."""

from zoo.evaluation.loaded_run import LoadedRun
from zoo.evaluation.report import EvalReport
from zoo.runs.folder import RunFolder


def stored_evaluation(folder: RunFolder) -> EvalReport | None:
    """Content of `eval.json`; None if it is missing, or of other weights or data.

    Reports of earlier versions are read. Raises DataError for a damaged file.
    """
    return folder.result(folder.evaluation("test"), EvalReport, "zoo eval")


def evaluation_of(opened: LoadedRun) -> EvalReport:
    """The run's scores on the test split: the stored ones if still valid, else evaluated now and stored."""
    if (stored := stored_evaluation(opened.folder)) is not None:
        return stored
    from zoo.evaluation.judge_run import judge_run  # imports the metrics, which takes seconds

    return judge_run(opened)
