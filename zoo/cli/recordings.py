"""`zoo recording` and `zoo windows`: what a device's recording holds, and labelled windows of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from zoo_registry import Registry

from zoo.cli.components import Json
from zoo.cli.tables import print_facts, print_json, print_table, print_title
from zoo.process.lines import print_line
from zoo.recordings.zone import zone_named

if TYPE_CHECKING:
    from zoo.recordings.calibration import Calibration
    from zoo.recordings.recording_report import RecordingReport
    from zoo.recordings.sources import Source
    from zoo.recordings.windows_report import WindowsReport

_RECORDED = "recorded"
_FEW, _MOST_PARTS = 6, 20
"""Axes that are named, and parts that are listed."""
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}

Zone = Annotated[
    ZoneInfo | None,
    typer.Option(
        help="Time zone in which the device's clock was set, such as Europe/Berlin, for times in UTC. Default: none.",
        parser=zone_named,
        metavar="ZONE",
        show_default=False,
    ),
]


def seconds(text: str) -> float:
    """A time such as 5s, 50ms, 2min or 1h, in seconds; raises BadParameter for anything else."""
    number = text.strip().rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text.strip().removeprefix(number)
    try:
        found = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        found = -1.0
    if not 0 <= found < float("inf"):
        raise typer.BadParameter(f"{text!r} is no number with ms, s, min or h, such as 5s")
    return found


def recording(
    file: Annotated[Path, typer.Argument(help="File of a recording.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Folder for a picture of the whole, as PNG and SVG.")] = None,
    zone: Zone = None,
    json: Json = False,
) -> None:
    """Show what a device recorded: header, length, gaps, calibration, when it was worn, and faults of the file."""
    readers = Registry.discover().recording_readers()
    from zoo.recordings.recording_report import recording_report
    from zoo.recordings.sources import read_source

    source = read_source(file, readers, zone=zone)
    report = recording_report(source)
    files = [] if out is None else _drawn(source, out)
    if json:
        print_json({**report.model_dump(mode="json"), "files": [*map(str, files)]})
        return
    _print_recording(report, source)
    if files:
        print_line()
        print_line(f"pictures in {' and '.join(map(str, files))}")


def windows(
    recordings: Annotated[list[Path], typer.Argument(help="Files of recordings.", show_default=False)],
    length: Annotated[
        float, typer.Option(help="Length of a window, such as 5s.", parser=seconds, metavar="TIME", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder to write.", show_default=False)],
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Table of what was done when, with the columns recording, start, end, label and, if known, subject; "
            "or `recorded`, the labels in the recordings. Default: no labels, for codebooks.",
            show_default=False,
        ),
    ] = None,
    step: Annotated[
        float | None,
        typer.Option(help="From one window to the next. Default: the length.", parser=seconds, metavar="TIME"),
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Resample to this rate in Hz.", min=0.01, max=100_000)] = None,
    smooth: Annotated[
        float | None, typer.Option(help="Moving mean over this time, such as 50ms.", parser=seconds, metavar="TIME")
    ] = None,
    trim: Annotated[
        float | None,
        typer.Option(help="Time to leave out at both ends of every bout.", parser=seconds, metavar="TIME"),
    ] = None,
    calibrate: Annotated[bool, typer.Option(help="Correct the scale of the axes where that helps.")] = True,
    unworn: Annotated[bool, typer.Option("--unworn", help="Use unworn time too.")] = False,
    zone: Zone = None,
    json: Json = False,
) -> None:
    """Cut windows out of recordings, with labels or without, into a folder that the source data.npy reads.

    No window lies over a gap, over unworn time or over two bouts; `windows.json` accounts for what is in none.
    """
    readers = Registry.discover().recording_readers()
    from zoo.io.files import require_replaceable
    from zoo.recordings.bouts import read_bouts
    from zoo.recordings.folder import NAMES, write_windows
    from zoo.recordings.sources import read_sources, recorded_bouts, unlabelled_bouts
    from zoo.recordings.windows import Cut

    how = Cut(length, length if step is None else step, rate, smooth or 0.0, trim or 0.0, not unworn)
    require_replaceable(out, NAMES, "zoo windows")
    sources = read_sources(recordings, readers, calibrate, zone)
    if labels is None:
        bouts = unlabelled_bouts(sources)
    elif str(labels) == _RECORDED and not labels.exists():
        bouts = recorded_bouts(sources)
    else:
        bouts = read_bouts(labels, {source.name: source.survey.span for source in sources})
    report = write_windows(sources, bouts, how, out)
    if json:
        print_json(report.model_dump(mode="json"))
    else:
        _print_windows(report, out)


def _drawn(source: "Source", out: Path) -> list[Path]:
    from zoo.io.files import write_files
    from zoo.recordings.picture import recording_picture

    return write_files(out, recording_picture(source).files())


def _print_recording(report: "RecordingReport", source: "Source") -> None:
    axes = ", ".join(report.axes) if len(report.axes) <= _FEW else f"{len(report.axes)} axes, {report.axes[0]} first"
    facts = [
        ("file", report.file),
        ("kind", report.kind),
        ("device", report.device or "not known"),
        ("subject", report.subject or "not known"),
        ("time", f"{report.start} to {report.end}, by its own clock"),
        *_in_utc(report),
        ("samples", f"{report.samples:,} at {report.rate:g} Hz; {axes} in {report.units or 'an unknown unit'}"),
        ("also", ", ".join(f"{name} ({unit})" if unit else name for name, unit in report.side.items()) or "nothing"),
        ("calibration", _calibration(source.calibration)),
        ("wear", _wear(report)),
    ]
    print_facts(facts)
    if report.facts:
        print_title("Header")
        print_facts([(name, value) for name, value in report.facts.items() if value])
    print_title("Parts without a gap")
    rows = [
        (part.start, part.end, _length(part.seconds), f"{part.samples:,}", _length(part.gap) if part.gap else "")
        for part in report.parts[:_MOST_PARTS]
    ]
    print_table(["start", "end", "length", "samples", "gap before"], rows, numbers=["length", "samples", "gap before"])
    if len(report.parts) > _MOST_PARTS:
        print_line(f"and {len(report.parts) - _MOST_PARTS} more; --json has all")


def _in_utc(report: "RecordingReport") -> list[tuple[str, str]]:
    from zoo.recordings.recording_report import ZonedReport

    if not isinstance(report, ZonedReport):
        return []
    return [
        ("in UTC", f"{report.start_utc} to {report.end_utc}"),
        ("zone", f"{report.zone}, in which its clock was set"),
    ]


def _calibration(found: "Calibration") -> str:
    if found.reason is not None or found.before is None or found.after is None:
        return f"not calibrated: {found.reason}"
    change = f"error {1000 * found.before:.1f} mg, {1000 * found.after:.1f} mg after correction"
    scale = ", ".join(f"{value:.4f}" for value in found.scale)
    offset = ", ".join(f"{1000 * value:+.1f}" for value in found.offset)
    return f"{change}; scale {scale}; offset {offset} mg ({found.epochs:,} still epochs)"


def _wear(report: "RecordingReport") -> str:
    if report.worn_hours is None or report.unworn_hours is None:
        return f"not measured: {report.wear['reason']}"
    times = len(report.wear["unworn"])
    return f"worn {report.worn_hours:.1f} h, not worn {report.unworn_hours:.1f} h in {times} part{'s' * (times != 1)}"


def _length(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 2 * _UNITS["min"]:
        return f"{seconds:.2f} s"
    unit = "h" if seconds >= 2 * _UNITS["h"] else "min"
    return f"{seconds / _UNITS[unit]:.1f} {unit}"


def _print_windows(report: "WindowsReport", out: Path) -> None:
    totals: dict[str, list[float]] = {}
    for bout in report.bouts:
        of = totals.setdefault(bout.label, [0.0] * 7)
        values = (1, bout.windows, bout.seconds, bout.trimmed, bout.unworn, bout.missing, bout.rest)
        totals[bout.label] = [before + value for before, value in zip(of, values, strict=True)]
    columns = ["class", "bouts", "windows", "seconds", "trimmed", "unworn", "in gaps", "left over"]
    rows = [(name, *(f"{value:,.0f}" for value in of)) for name, of in sorted(totals.items())]
    print_table(columns, rows, numbers=columns[1:])
    subjects = len({bout.subject for bout in report.bouts if bout.windows})
    shape = f"{len(report.channels)} channels of {report.length} samples at {report.rate:g} Hz"
    print_line()
    print_line(f"{report.windows:,} windows, {shape}, of {subjects} subject{'s' * (subjects != 1)} in {out}")
    for origin in report.recordings:
        reason = origin.corrections["calibration"]["reason"]
        print_line(f"{origin.file}: {'calibrated' if reason is None else f'not calibrated: {reason}'}")
