"""`zoo apply`: a trained model over whole recordings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import Registry

from zoo.cli.components import Bundle, Json
from zoo.cli.recordings import Zone, seconds
from zoo.cli.tables import print_json, print_table, print_title
from zoo.process.bar import bar
from zoo.process.lines import print_line

if TYPE_CHECKING:
    from zoo.applied.summary import RecordingSummary, Summary

_MOST_DAYS, _LEAST = 14, 0.05
"""Days that are shown, and minutes that are not rounded to none."""


def apply(
    bundle: Bundle,
    recordings: Annotated[list[Path], typer.Argument(help="Files of recordings.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder to write.", show_default=False)],
    step: Annotated[
        float | None,
        typer.Option(help="From one window to the next. Default: the length.", parser=seconds, metavar="TIME"),
    ] = None,
    unsure: Annotated[
        float, typer.Option(help="Call windows unsure whose probability is below this.", min=0, max=1)
    ] = 0.0,
    rate: Annotated[
        float | None, typer.Option(help="Rate in Hz of a model that does not say it.", min=0.01, max=100_000)
    ] = None,
    resample: Annotated[bool, typer.Option("--resample", help="Resample recordings of another rate.")] = False,
    calibrate: Annotated[bool, typer.Option(help="Correct the scale of the axes where that helps.")] = True,
    zone: Zone = None,
    json: Json = False,
) -> None:
    """Run a trained model over whole recordings: a class for every window, minutes of each day, bouts and pictures.

    No window lies over a gap; unworn time has no class. Days are those of the device's clock, also with --zone.
    """
    registry = Registry.discover()
    from zoo.applied.options import Options, cut_for, model_in

    options, readers = Options(step, rate, resample, unsure), registry.recording_readers()
    model = model_in(bundle, registry)
    from zoo.applied.files import NAMES
    from zoo.io.files import require_replaceable
    from zoo.recordings.opening import open_recording

    require_replaceable(out, NAMES, "zoo apply")
    paths = sorted(recordings, key=lambda path: path.name)
    cuts = [cut_for(model, bundle, open_recording(path, readers).recording.about, str(path), options) for path in paths]
    from zoo.applied.folder import write_applied
    from zoo.applied.trained import Trained
    from zoo.recordings.sources import read_sources

    sources = read_sources(paths, readers, calibrate, zone)
    with bar("apply") as seen:
        summary = write_applied(Trained.open(bundle), sources, cuts, out, options, seen)
    if json:
        print_json(summary.model_dump(mode="json"))
    else:
        _print(summary, out)


def _print(summary: "Summary", out: Path) -> None:
    for each in summary.recordings:
        _print_recording(each)
    windows = sum(each.windows for each in summary.recordings)
    print_line()
    smoothed = f", smoothed over {1000 * summary.smooth:g} ms" if summary.smooth else ""
    print_line(f"{windows:,} windows of {summary.length:g} s every {summary.step:g} s{smoothed}; all results in {out}")


def _print_recording(found: "RecordingSummary") -> None:
    """Minutes of the days, classes with the most first."""
    days = found.days[:_MOST_DAYS]
    totals = {name: sum(day.minutes[name] for day in found.days) for name in found.days[0].minutes}
    names = [name for name in sorted(totals, key=lambda name: -totals[name]) if totals[name]]
    rows = [(name, [day.minutes[name] for day in days], totals[name]) for name in names]
    for name in ("unsure", "unworn", "gaps", "rest"):
        values = [getattr(day, name) for day in found.days]
        if max(values) >= _LEAST:
            rows.append((name, values[: len(days)], sum(values)))
    print_title(f"{found.recording.file}, minutes of each day")
    columns = ["", *(day.day.isoformat() for day in days), "all"]
    shown = [(name, *(f"{value:,.1f}" for value in (*values, total))) for name, values, total in rows]
    print_table(columns, shown, numbers=columns[1:])
    for what, words in (("calibration", "not calibrated"), ("wear", "wear is not measured")):
        if (reason := found.recording.corrections[what]["reason"]) is not None:
            print_line(f"{words}: {reason}")
    if len(found.days) > len(days):
        print_line(f"and {len(found.days) - len(days)} more days; --json has all")
