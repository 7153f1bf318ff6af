"""What `zoo recording` says of a recording."""

from typing import Any

from pydantic import BaseModel

from zoo.recordings.sources import Source
from zoo.recordings.zone import time_text


class Part(BaseModel, frozen=True):
    """Consecutive samples from ``start`` to ``end`` by the device's clock, and the ``gap`` before them in seconds."""

    start: str
    end: str
    seconds: float
    samples: int
    gap: float


class RecordingReport(BaseModel, frozen=True):
    """Content and quality of a recording; times are by the device's own clock."""

    file: str
    kind: str
    device: str | None
    subject: str | None
    start: str
    end: str
    rate: float
    axes: list[str]
    units: str | None
    side: dict[str, str]
    samples: int
    parts: list[Part]
    calibration: dict[str, Any]
    wear: dict[str, Any]
    worn_hours: float | None
    unworn_hours: float | None
    notes: list[str]
    facts: dict[str, str]


class ZonedReport(RecordingReport, frozen=True):
    """A report of a recording whose clock was set in ``zone``, with its start and end in UTC."""

    zone: str
    start_utc: str
    end_utc: str


def recording_report(source: Source) -> RecordingReport:
    """Everything that one pass over ``source`` found."""
    survey, about, wear = source.survey, source.survey.about, source.wear
    unworn = _hours(wear.unworn)
    measured = _hours(wear.measured)
    ends = [0.0, *(stretch.end for stretch in survey.stretches)]
    report = RecordingReport(
        file=str(source.recording.path),
        kind=source.kind,
        device=about.device,
        subject=about.subject,
        start=survey.clock(0),
        end=survey.clock(survey.seconds),
        rate=about.rate,
        axes=list(about.axes),
        units=about.units,
        side=dict(about.side),
        samples=survey.samples,
        parts=[
            Part(
                start=survey.clock(part.start),
                end=survey.clock(part.end),
                seconds=round(part.end - part.start, 3),
                samples=part.samples,
                gap=max(0.0, round(part.start - before, 3)),
            )
            for part, before in zip(survey.stretches, ends, strict=False)
        ],
        calibration=source.calibration._asdict(),
        wear=wear._asdict(),
        worn_hours=None if measured is None or unworn is None else measured - unworn,
        unworn_hours=unworn,
        notes=list(survey.notes),
        facts=dict(about.facts),
    )
    zoned, span = survey.zoned, survey.span
    if zoned is None:
        return report
    times = {"start_utc": time_text(zoned.utc(span.start)), "end_utc": time_text(zoned.utc(span.end))}
    return ZonedReport(**dict(report), zone=str(zoned.zone), **times)


def _hours(spans: tuple[tuple[float, float], ...] | None) -> float | None:
    return None if spans is None else sum(end - start for start, end in spans) / 3600
