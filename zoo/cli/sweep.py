"""`zoo sweep`: many runs of one spec on several workers and machines, and their results."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import SpecError

from zoo.cli.components import Json
from zoo.cli.tables import print_facts, print_json, print_title
from zoo.process.lines import print_line

if TYPE_CHECKING:
    from zoo.sweep.folder import SweepFolder
    from zoo.sweep.plan import Plan
    from zoo.sweep.results import SweepResult

SweepFile = Annotated[Path | None, typer.Argument(metavar="SWEEP", help="JSON file of a sweep.", show_default=False)]
Out = Annotated[Path | None, typer.Option(help="Folder of the sweep. Default: sweeps/NAME.", show_default=False)]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database that several machines can reach. Default: an SQLite file in the folder.",
        show_default=False,
    ),
]
Workers = Annotated[int, typer.Option(min=1, max=1024, help="Processes that train at the same time.")]
Join = Annotated[
    str | None,
    typer.Option(
        metavar="STORAGE",
        help="Join a sweep started elsewhere: the URL of its database, or its folder.",
        show_default=False,
    ),
]


def sweep(
    spec: SweepFile = None,
    workers: Workers = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped sweep.")] = False,
    out: Out = None,
    storage: Storage = None,
    join: Join = None,
    dry: Annotated[bool, typer.Option("--dry", help="Check every point without training.")] = False,
    json: Json = False,
) -> None:
    """Train a run many times with some fields varied, and compare: a grid, one field at a time, or a search.

    Every point is checked first, trained once, and evaluated on the validation split. Results are in trials.csv and
    sweep.html.
    """
    from zoo.sweep.plan import read_plan

    if join is not None:
        if resume or storage is not None or dry:
            raise SpecError(
                "--join", "only --workers, --out, --json", "others", "remove them: the storage contains the rest"
            )
        _join(read_plan(spec) if spec is not None else None, join, out, workers, json)
        return
    if spec is None:
        raise SpecError("sweep", "a JSON file, or --join STORAGE", "neither", "docs/sweeps.md has an example")
    plan = read_plan(spec)
    if dry:
        _print_plan(plan, json)
    else:
        _start(plan, out, workers, resume, storage, json)


def _join(plan: "Plan | None", place: str, out: Path | None, workers: int, json: bool) -> None:
    from zoo.cli.sweeping import Progress
    from zoo.sweep.sweep import join_sweep

    with Progress(quiet=json or not sys.stderr.isatty()) as show:
        found, folder = join_sweep(place, plan.spec.name if plan else None, out, workers, show)
    _show(found, folder, json)


def _start(plan: "Plan", out: Path | None, workers: int, resume: bool, storage: str | None, json: bool) -> None:
    from zoo.cli.sweeping import Progress
    from zoo.sweep.sweep import sweep as start

    with Progress(quiet=json or not sys.stderr.isatty()) as show:
        found, folder = start(plan, out or Path("sweeps") / plan.spec.name, workers, resume, storage, show)
    _show(found, folder, json)


def _show(found: "SweepResult", folder: "SweepFolder", json: bool) -> None:
    from zoo.cli.sweeping import print_sweep
    from zoo.sweep.page import write_page  # brings torch along, which a mistake need not wait for

    write_page(found, folder)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    print_sweep(found)
    print_line()
    print_line(str(folder.page))


def _print_plan(plan: "Plan", json: bool) -> None:
    from zoo.sweep.plan import describe_axes

    counts = {"points": plan.first, "finer": plan.total - plan.first, "runs": plan.total * len(plan.spec.seeds)}
    axes = describe_axes(plan.axes)
    if json:
        print_json({"name": plan.spec.name, "method": plan.spec.method, "vary": dict(axes), **counts})
        return
    finer = f", then {counts['finer']} around the best" if counts["finer"] else ""
    seeds = f" with {len(plan.spec.seeds)} seeds each" if len(plan.spec.seeds) > 1 else ""
    print_facts([("sweep", plan.spec.name), ("points", f"{plan.first}{finer}{seeds}: {counts['runs']} runs")])
    print_title("Varied")
    print_facts(axes)
