"""What was applied with a run: `applied.json` in its folder, a list of the folders of `zoo apply`."""

import os
import warnings
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel
from zoo_registry import DataError, ZooError, ZooNote

from zoo.applied.summary import Summary
from zoo.io.files import write_json
from zoo.process.owned import owned
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_result, validated


class AppliedFolder(BaseModel, frozen=True):
    """What `zoo apply` wrote into ``folder``: relative to the run if both are in a common folder, else absolute.

    ``when`` is in UTC, ``weights`` the hash of the model's tensors, ``recordings`` names of files. ``minutes`` are
    those of each class, the most frequent first; ``unsure`` and ``unworn`` are minutes too. ``outside`` is the largest
    share of worn windows of a recording that are unlike the training data, None if these are not known.
    """

    folder: str
    when: str
    weights: str
    recordings: list[str]
    windows: int
    minutes: dict[str, float]
    unsure: float
    unworn: float
    outside: float | None


class Applied(BaseModel, frozen=True):
    """Content of `applied.json`, the latest last."""

    folders: list[AppliedFolder]


def remember(run: Path, out: Path, summary: Summary) -> None:
    """List the folder ``out`` in that of ``run``, instead of what it held before.

    Nothing is done for a bundle and for a run that cannot be written to. Warns with ZooNote if it fails otherwise.
    """
    home = RunFolder(run)
    if not home.run_file.is_file() or not os.access(run, os.W_OK):
        return
    entry = _entry(_place(out, run), summary)
    try:
        with owned(run):
            others = [folder for folder in applied_with(home) if folder.folder != entry.folder]
            write_json(home.applied, Applied(folders=[*others, entry]).model_dump(mode="json"))
    except (OSError, ZooError) as error:
        warnings.warn(f"`zoo report {run}` will not show {out}: {error}", ZooNote, stacklevel=2)


def applied_with(home: RunFolder) -> list[AppliedFolder]:
    """The folders of a run, in the order in which they were written; raises DataError for a damaged list."""
    if not home.applied.exists():
        return []
    try:
        return validated(home.applied, Applied, read_result(home.applied), "zoo apply").folders
    except ZooError as error:
        hint = "remove the file; `zoo apply` starts another"
        raise DataError(str(home.applied), "what `zoo apply` writes", error.found, hint) from None


def _place(out: Path, run: Path) -> str:
    out, run = out.resolve(), run.resolve()
    try:
        together = len(Path(os.path.commonpath([out, run])).parts) > 1
    except ValueError:  # two drives
        together = False
    return Path(os.path.relpath(out, run)).as_posix() if together else str(out)


def _entry(folder: str, summary: Summary) -> AppliedFolder:
    days = [day for recording in summary.recordings for day in recording.days]
    minutes: dict[str, float] = defaultdict(float)
    for day in days:
        for name, value in day.minutes.items():
            minutes[name] += value
    outside = [each.outside for each in summary.recordings if each.outside is not None]
    return AppliedFolder(
        folder=folder,
        when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        weights=summary.weights,
        recordings=[each.recording.file for each in summary.recordings],
        windows=sum(each.windows for each in summary.recordings),
        minutes={name: round(minutes[name], 3) for name in sorted(minutes, key=lambda name: -minutes[name])},
        unsure=round(sum(day.unsure for day in days), 3),
        unworn=round(sum(day.unworn for day in days), 3),
        outside=max(outside, default=None),
    )
