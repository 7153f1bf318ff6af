"""A folder of windows that were cut from recordings, and what it says about their origin."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path
from typing import NamedTuple

import numpy as np
from zoo_registry import DataError, SpecError
from zoo_registry.version import version

from zoo.io.files import new_folder, write_json, write_text
from zoo.io.npz import NpzStream
from zoo.recordings.bouts import Bout
from zoo.recordings.segments import TimeSpan, without
from zoo.recordings.sources import Source
from zoo.recordings.windows import Cut, pieces, spans_of
from zoo.recordings.windows_report import REPORT, BoutWindows, Origin, WindowsReport, ZonedOrigin
from zoo.recordings.zone import time_text

NAMES = re.compile(rf"(X|y|subject|bout|start)_train\.npy|classes\.txt|{re.escape(REPORT)}")
"""Only a folder with no other files is replaced."""
_FEWEST = 2
"""Samples of a moving mean."""


def write_windows(sources: Sequence[Source], bouts: Sequence[Bout], how: Cut, out: Path) -> WindowsReport:
    """Cut windows of ``bouts`` and write them into the folder ``out``, as `data.npy` reads them.

    `X_train.npy (n c t)` in float32, `y_train.npy` (class numbers of `classes.txt`), `subject_train.npy`,
    `bout_train.npy`, `start_train.npy` and `windows.json`. The same recordings and bouts give the same bytes. Raises
    DataError if no window is left, and SpecError if a window is no whole number of samples, a moving mean would be over
    fewer than two, or recordings differ in their rate.
    """
    _require_one_rate(sources, how)
    with new_folder(out) as folder:
        with NpzStream(folder) as stream:
            found = [_windows(source, bouts, how, stream) for source in sources]
            rows = [row for part in found for row in part.rows]
            if not rows:
                shortest = f"a bout of at least {how.length + 2 * how.trim:g} s without gaps"
                raise DataError(bouts[0].place, shortest, "none", "choose a smaller --length")
            report = _report(sources, how, found)
            _put_columns(stream, report, rows)
        write_text(folder / "classes.txt", "".join(f"{name}\n" for name in report.classes))
        write_json(folder / REPORT, report.model_dump(mode="json"))
    return report


def _require_one_rate(sources: Sequence[Source], how: Cut) -> None:
    rates = [source.survey.about.rate for source in sources]
    for rate in rates:
        how.samples(rate)
        if how.smooth and round(how.smooth * rate) < _FEWEST:
            expected = f"two samples or more, {1000 * _FEWEST / rate:g} ms at {rate:g} Hz"
            raise SpecError("--smooth", expected, f"{1000 * how.smooth:g} ms", "choose a longer time, or leave it out")
    if how.rate is None and len(set(rates)) > 1:
        found = ", ".join(f"{rate:g} Hz" for rate in sorted(set(rates)))
        raise SpecError("--rate", "recordings of one rate, or a rate for all", found, f"add --rate {min(rates):g}")


class _Row(NamedTuple):
    """What is known of one window."""

    label: str
    subject: str
    bout: str
    start: np.datetime64


class _Found(NamedTuple):
    """The windows of one recording, and an account of each of its bouts."""

    rows: list[_Row]
    bouts: list[BoutWindows]


def _windows(source: Source, bouts: Sequence[Bout], how: Cut, stream: NpzStream) -> _Found:
    """Append the windows of one recording to ``stream``, in the order of time."""
    own = [bout for bout in bouts if bout.recording == source.name]
    whole = spans_of(own, how.trim)
    worn = without(whole, source.unworn if how.worn_only else ())
    rows: list[_Row] = []
    windows: Counter[int] = Counter()
    seconds: dict[int, float] = defaultdict(float)
    used: dict[int, float] = defaultdict(float)
    for piece in pieces(source.recording, worn, how, source.correct):
        stream.append({"X_train": np.ascontiguousarray(piece.x, dtype="<f4")})
        bout = own[piece.span]
        name = f"{source.name} {bout.place.rpartition(' ')[2]}"
        rows += [_Row(bout.label, _subject(source, bout), name, _stamp(source, start)) for start in piece.starts]
        windows[piece.span] += len(piece.starts)
        seconds[piece.span] += piece.seconds
        used[piece.span] += piece.used
    kept, left = _lengths(whole), _lengths(worn)
    return _Found(
        rows,
        [
            BoutWindows(
                recording=source.name,
                line=bout.place.rpartition(", ")[2],
                label=bout.label,
                subject=_subject(source, bout),
                start=source.survey.clock(bout.start),
                seconds=_tidy(bout.end - bout.start),
                windows=windows[number],
                trimmed=_tidy(bout.end - bout.start - kept[number]),
                unworn=_tidy(kept[number] - left[number]),
                missing=_tidy(left[number] - seconds[number]),
                rest=_tidy(seconds[number] - used[number]),
            )
            for number, bout in enumerate(own)
        ],
    )


def _lengths(spans: Sequence[TimeSpan]) -> dict[int, float]:
    """Seconds of every bout by its number."""
    found: dict[int, float] = defaultdict(float)
    for span in spans:
        found[span.number] += span.end - span.start
    return found


def _tidy(seconds: float) -> float:
    """To the millisecond; samples that drift from the nominal rate could make a rest slightly negative."""
    return max(0.0, round(seconds, 3))


def _subject(source: Source, bout: Bout) -> str:
    """That of the bout, else of the recording, else the name of its file."""
    return bout.subject or source.survey.about.subject or Path(source.name).stem


def _stamp(source: Source, seconds: float) -> np.datetime64:
    return np.datetime64(source.survey.at(seconds), "ms")


def _put_columns(stream: NpzStream, report: WindowsReport, rows: Sequence[_Row]) -> None:
    number = {name: index for index, name in enumerate(report.classes)}
    stream.put("y_train", np.array([number[row.label] for row in rows]))
    stream.put("subject_train", np.array([row.subject for row in rows]))
    stream.put("bout_train", np.array([row.bout for row in rows]))
    stream.put("start_train", np.array([row.start for row in rows]))


def _report(sources: Sequence[Source], how: Cut, found: Sequence[_Found]) -> WindowsReport:
    about = sources[0].survey.about
    bouts = [account for part in found for account in part.bouts]
    return WindowsReport(
        zoo=version(),
        cut=asdict(how),
        rate=how.rate or about.rate,
        units=about.units,
        channels=list(about.axes),
        classes=sorted({account.label for account in bouts if account.windows}),
        windows=sum(account.windows for account in bouts),
        length=how.samples(about.rate)[0],
        recordings=list(map(origin_of, sources)),
        bouts=bouts,
    )


def origin_of(source: Source) -> Origin:
    """The file of ``source``, with its hash, what it says of itself and what was done to it."""
    survey = source.survey
    with source.recording.path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    origin = Origin(
        file=source.name,
        sha256=digest,
        kind=source.kind,
        device=survey.about.device,
        subject=survey.about.subject,
        rate=survey.about.rate,
        start=survey.clock(0),
        end=survey.clock(survey.seconds),
        samples=survey.samples,
        gaps=_tidy(survey.seconds - sum(stretch.end - stretch.start for stretch in survey.stretches)),
        unworn=_tidy(sum(end - start for start, end in source.unworn)),
        corrections=dict(source.corrections),
        notes=list(survey.notes),
    )
    zoned = survey.zoned
    if zoned is None:
        return origin
    return ZonedOrigin(**dict(origin), zone=str(zoned.zone), start_utc=time_text(zoned.utc(zoned.start)))
