"""Logits of a finished run's own model."""

from zoo_registry import SpecError

from zoo.evaluation.loaded_run import LoadedRun
from zoo.teachers.logits_file import LogitsFile
from zoo.teachers.model_logits import model_logits


def run_logits(opened: LoadedRun) -> LogitsFile:
    """Logits of a finished run's own model, which saw the training windows; raises SpecError without a head."""
    if opened.run.model.head is None:
        raise SpecError(str(opened.folder.path), "a model with a head, which gives logits", "none", "name another run")
    data, batch = opened.data, opened.run.evaluation.batch
    train, validation, test = (
        model_logits(opened.model, split, batch) for split in (data.train, data.validation, data.test)
    )
    return LogitsFile(train, data.classes, data.fingerprint, validation, test)
