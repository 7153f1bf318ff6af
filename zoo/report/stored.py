"""What `zoo eval` and `zoo codebook` left in a run folder, while it still speaks of the weights and data of the run."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from zoo_registry import DataError, SpecError

from zoo.codebook.measured import Measured
from zoo.codebook.stored import read_measured
from zoo.evaluate.report import EvalReport
from zoo.run_folder import RunFolder
from zoo.specs import read_json
from zoo.weights.manifest import read_manifest


def evaluation_of(folder: RunFolder) -> EvalReport:
    """The run's scores on the test split: the stored ones while they hold, else judged now and stored.

    Raises ZooError when there is no finished run, or when its data are gone or changed.
    """
    if (stored := stored_evaluation(folder)) is not None:
        return stored
    from zoo.evaluate.judge_run import judge_run  # brings metrics along, which take seconds to import

    return judge_run(folder).report


def stored_evaluation(folder: RunFolder) -> EvalReport | None:
    """What `eval.json` says, unless it is missing, of other weights or data, or written by another version."""
    content = _fresh(folder, folder.evaluation("test"))
    try:
        return None if content is None else EvalReport.model_validate(content)
    except ValidationError:
        return None


def codebook_of(folder: RunFolder) -> Measured:
    """The same of the run's codebook; raises SpecError for a model without a quantizer."""
    if (stored := stored_codebook(folder)) is not None:
        return stored
    from zoo.codebook.measure_run import measure_run  # the same of its probe

    return measure_run(folder)


def stored_codebook(folder: RunFolder) -> Measured | None:
    """What `codebook.json` says under the same conditions."""
    if _fresh(folder, folder.codebook("test")) is None:
        return None
    try:
        return read_measured(folder)
    except DataError:  # not whole, or of another version
        return None


def _fresh(folder: RunFolder, path: Path) -> dict[str, Any] | None:
    """The content of ``path`` where it names the data and the weights that the run has now."""
    now = {"fingerprint": folder.read()["fingerprint"], "weights": read_manifest(folder.bundle).sha256}
    try:
        found = read_json(path) if path.is_file() else None
    except SpecError:
        return None
    same = isinstance(found, dict) and all(found.get(name) == value for name, value in now.items())
    return found if same else None
