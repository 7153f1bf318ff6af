"""Content of `summary.json`: minutes per class and day, bouts, and what of a recording has no class."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from pydantic import BaseModel, SerializeAsAny

from zoo.applied.likeness import Likeness, Unlike
from zoo.applied.timeline import DAY, UNSURE, UNWORN, Timeline, recorded_by_day
from zoo.recordings.folder import origin_of
from zoo.recordings.sources import Source
from zoo.recordings.survey import Survey
from zoo.recordings.windows_report import Origin


class DaySummary(BaseModel, frozen=True):
    """Minutes of one day by the device's clock: of each class, and of all that has none.

    ``gaps`` are those between samples, ``rest`` those of samples that are in no window.
    """

    day: date
    minutes: dict[str, float]
    unsure: float
    unworn: float
    gaps: float
    rest: float


class BoutSummary(BaseModel, frozen=True):
    """Consecutive windows of one class, by the device's clock."""

    label: str
    start: str
    end: str


class RecordingSummary(BaseModel, frozen=True):
    """What was found in one recording.

    Of its ``windows``, ``unsure`` have a probability below the threshold. ``outside`` is the share of worn windows
    that are unlike the training data, and ``unlike`` says in what; None as far as the training data are not known.
    """

    recording: SerializeAsAny[Origin]
    windows: int
    unsure: int
    outside: float | None
    unlike: Unlike | None
    days: list[DaySummary]
    bouts: list[BoutSummary]


class Summary(BaseModel, frozen=True):
    """Content of `summary.json`: the model, how windows were cut (in seconds), and every recording."""

    zoo: str
    bundle: str
    weights: str
    classes: list[str]
    length: float
    step: float
    rate: float
    smooth: float
    unsure: float
    recordings: list[RecordingSummary]


class Timed(NamedTuple):
    """A recording with all that was found in it."""

    source: Source
    timeline: Timeline


def summary_of(timed: Timed, classes: Sequence[str], known: Likeness, length: float) -> RecordingSummary:
    """The summary of one recording in windows of ``length`` seconds; its file is read once more for its hash."""
    source, timeline = timed
    compared = timeline.compared
    clock, named = source.survey.clock, [run for run in timeline.runs if run.state >= 0]
    return RecordingSummary(
        recording=origin_of(source),
        windows=timeline.windows,
        unsure=timeline.unsure,
        outside=float(timeline.outside[0]) / compared if compared else None,
        unlike=known.unlike(timeline.outside, compared, length) if compared else None,
        days=days_of(source.survey, timeline, classes),
        bouts=[BoutSummary(label=classes[run.state], start=clock(run.start), end=clock(run.end)) for run in named],
    )


def days_of(survey: Survey, timeline: Timeline, classes: Sequence[str]) -> list[DaySummary]:
    """The days of a recording that have samples, in order."""
    first, last = (timeline.offset + seconds for seconds in (survey.stretches[0].start, survey.seconds))
    found = []
    for day, there in recorded_by_day(survey, timeline.offset).items():
        whole = min(last, (day + 1) * DAY) - max(first, day * DAY)
        states = timeline.seconds.get(day, {})
        found.append(
            DaySummary(
                day=survey.about.start.date() + timedelta(days=day),
                minutes={name: _minutes(states.get(number, 0)) for number, name in enumerate(classes)},
                unsure=_minutes(states.get(UNSURE, 0)),
                unworn=_minutes(states.get(UNWORN, 0)),
                gaps=_minutes(whole - there),
                rest=_minutes(there - sum(states.values())),
            )
        )
    return found


def _minutes(seconds: float) -> float:
    return max(0.0, round(seconds / 60, 3))
