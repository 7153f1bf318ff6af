"""Recordings that were opened, read once and corrected: calibration, wear, faults of the file."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from zoo_registry import DataError, Recording, RecordingReader, ZooNote

from zoo.recordings.activities import Activities
from zoo.recordings.bouts import Bout
from zoo.recordings.calibration import EPOCH, Calibration, find_calibration
from zoo.recordings.epochs import Bins, Epochs
from zoo.recordings.opening import open_recording
from zoo.recordings.segments import Segment, Values
from zoo.recordings.survey import Stretch, Survey, survey
from zoo.recordings.wear import Wear, find_wear
from zoo.sources.labels import ONE_CLASS

_TEMPERATURE = "temperature"
_HOUR = 3600.0


@dataclass(frozen=True)
class Source:
    """A ``recording`` by the ``name`` of its file, and what one pass over it found.

    ``epochs`` are statistics of `EPOCH` seconds, ``activities`` the labels in the recording, if it has any. Calibration
    and wear are measured for accelerometers in g alone; else they have a reason.
    """

    name: str
    kind: str
    recording: Recording
    survey: Survey
    epochs: Epochs
    activities: Activities | None
    calibration: Calibration
    wear: Wear

    @property
    def unworn(self) -> Sequence[tuple[float, float]]:
        """Intervals in seconds after the start of the recording; empty if wear was not measured."""
        return self.wear.unworn or ()

    def correct(self, segment: Segment) -> Values:
        """The samples of ``segment``, calibrated."""
        return self.calibration.apply(segment.x, segment.temperature)

    @property
    def corrections(self) -> Mapping[str, Any]:
        """Calibration and wear as plain data."""
        return {"calibration": self.calibration._asdict(), "wear": self.wear._asdict()}


def read_source(
    path: Path, readers: Sequence[RecordingReader], calibrate: bool = True, zone: ZoneInfo | None = None
) -> Source:
    """Open ``path`` and read it once; without ``calibrate``, its scale is left as it is. Its clock was set in ``zone``.

    Faults of the file and doubtful times are ZooNotes. Raises DataError for a file that cannot be read or trusted.
    """
    opened = open_recording(path, readers)
    recording, about = opened.recording, opened.recording.about
    side = [_TEMPERATURE] if _TEMPERATURE in about.side else []
    bins = Bins(EPOCH, about.rate, about.axes, side)
    activities = Activities(recording) if about.activities else None
    found = survey(recording, [bins.add] if activities is None else [bins.add, activities], zone)
    for note in found.notes:
        warnings.warn(f"{path}: {note}", ZooNote, stacklevel=2)
    epochs = bins.epochs()
    if about.units == "g":
        wear = find_wear(epochs)
        calibration = find_calibration(epochs) if calibrate else Calibration(reason="it was not asked for")
    else:
        words = f"it needs acceleration in g, and the unit is {about.units or 'not known'}"
        calibration, wear = Calibration(reason=words), Wear(None, None, words)
    return Source(path.name, opened.kind, recording, found, epochs, activities, calibration, wear)


def read_sources(
    paths: Sequence[Path], readers: Sequence[RecordingReader], calibrate: bool, zone: ZoneInfo | None = None
) -> list[Source]:
    """All recordings in the order of their names; their clocks were set in ``zone``.

    Raises DataError also for recordings that do not belong together.
    """
    names = sorted(path.name for path in paths)
    if doubled := [one for one, other in pairwise(names) if one == other]:
        raise DataError(doubled[0], "recordings with different file names", "two of this name", "rename one of them")
    sources = [read_source(path, readers, calibrate, zone) for path in sorted(paths, key=lambda path: path.name)]
    _require_alike(sources)
    _require_apart(sources)
    return sources


def recorded_bouts(sources: Sequence[Source]) -> list[Bout]:
    """The bouts that the recordings hold themselves, in order. Raises DataError for one without labels."""
    found: list[Bout] = []
    for source in sources:
        activities = source.activities or Activities(source.recording)
        found += activities.bouts(source.name)
    return found


def unlabelled_bouts(sources: Sequence[Source]) -> list[Bout]:
    """Every hour with samples as a bout of one class, so that windows of an hour stay together in a split."""
    found: list[Bout] = []
    for source in sources:
        last = source.survey.seconds
        for hour in sorted({hour for stretch in source.survey.stretches for hour in _hours(stretch)}):
            place = f"{source.name}, hour {hour + 1}"
            found.append(Bout(source.name, hour * _HOUR, min((hour + 1) * _HOUR, last), ONE_CLASS, None, place))
    return found


def _hours(stretch: Stretch) -> range:
    """Numbers of the hours of the recording in which ``stretch`` has samples."""
    return range(int(stretch.start // _HOUR), ceil(stretch.end / _HOUR))


def _require_alike(sources: Sequence[Source]) -> None:
    first = sources[0]
    for other in sources[1:]:
        for what, mine, theirs in (
            ("axes", first.survey.about.axes, other.survey.about.axes),
            ("unit", first.survey.about.units, other.survey.about.units),
        ):
            if mine != theirs:
                expected = f"the {what} of {first.name}, {_words(mine)}"
                raise DataError(other.name, expected, _words(theirs), "cut recordings of other devices separately")


def _require_apart(sources: Sequence[Source]) -> None:
    """Raise DataError if a device recorded twice at once: then one of the clocks, or of the files, is wrong."""
    ordered = sorted(sources, key=lambda source: _extent(source.survey))
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            same = one.survey.about.device is not None and one.survey.about.device == other.survey.about.device
            (_, end), (start, _) = _extent(one.survey), _extent(other.survey)
            if same and start < end:
                expected = f"a start after the end of {one.name}, {end}, of the same device"
                raise DataError(other.name, expected, f"{start}", f"is it the same recording twice? {_reset(one)}")


def _extent(survey: Survey) -> tuple[datetime, datetime]:
    """Start and end: in UTC where it is known, since a clock that was set back between recordings repeats an hour."""
    zoned, span = survey.zoned, survey.span
    return (span.start, span.end) if zoned is None else (zoned.utc(span.start), zoned.utc(span.end))


def _reset(source: Source) -> str:
    """What a user may do whose device had its clock set again, or not, when summer time began or ended."""
    if source.survey.zoned is None:
        return "if its clock was set back between them, name its zone, such as --zone Europe/Berlin"
    return "if its clock was not set again between them, name its offset: --zone Etc/GMT-1 is 1 h ahead of UTC"


def _words(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
