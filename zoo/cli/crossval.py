"""`zoo crossval`: a run trained once for each subject, on all others."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import Registry

from zoo.cli.components import Json
from zoo.cli.sweep import Storage, Workers
from zoo.cli.tables import print_facts, print_json, print_table
from zoo.cli.training import Changes, RunFile
from zoo.process.lines import print_line
from zoo.specs.read import read_run

if TYPE_CHECKING:
    from zoo.crossval.report import CrossReport, SubjectScore
    from zoo.runs.compare import Spread

_SCORES = ("windows", "classes", "correct", "accuracy", "balanced")


def crossval(
    run: RunFile,
    workers: Workers = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep finished subjects, and continue where it stopped.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of all runs. Default: crossval/NAME.", show_default=False)
    ] = None,
    changes: Changes = None,
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Train a run once for each subject, on all others, and evaluate it on the one left out.

    Gives the accuracy on every subject, its mean and deviation, and the count over all windows. It is a sweep with one
    point per subject.
    """
    spec = read_run(run, Registry.discover(), changes or ())
    from zoo.crossval.plan import plan_folds

    plan, folder = plan_folds(spec), out or Path("crossval") / spec.name
    from zoo.cli.sweeping import Progress
    from zoo.crossval.leave_out import leave_one_out

    with Progress(quiet=json or not sys.stderr.isatty()) as show:
        report = leave_one_out(plan, folder, show, workers, resume, storage)
    if json:
        print_json(report.model_dump(mode="json"))
    else:
        _print(report, folder)


def _print(report: "CrossReport", folder: Path) -> None:
    print_table(["left out", *_SCORES], [_row(score) for score in report.subjects], numbers=_SCORES)
    print_line()
    print_facts(_facts(report))
    print_line("each model is new to its subject; a split with the same people on both sides gives higher accuracies")
    for score in report.subjects:
        if score.unknown:
            what = f"nobody but {score.subject} does {', '.join(score.unknown)}"
            print_line(f"{what}: {score.unknown_windows} windows that no model can know")
    for subject, reason in report.missing.items():
        print_line(f"no model for {subject}: {reason}")
    if report.missing:
        print_line("--resume tries missing subjects again")
    print_line(f"runs and {folder / 'crossval.json'} in {folder}")


def _facts(report: "CrossReport") -> list[tuple[str, str]]:
    left = f" of {len(report.subjects) + len(report.missing)}" if report.missing else ""
    facts = [(f"mean of {len(report.subjects)}{left} subjects", _spread(report.folds))]
    if report.varied is not None:
        several = sum(score.classes > 1 for score in report.subjects)
        facts.append((f"mean of {several} with several classes", _spread(report.varied)))
    facts.append(("all windows", f"{report.correct}/{report.total}, {report.accuracy:.3f}"))
    return [*facts, ("worst subject", report.worst)]


def _spread(found: "Spread") -> str:
    return f"{found.mean:.3f}" + ("" if found.deviation is None else f" ± {found.deviation:.3f} (sample deviation)")


def _row(score: "SubjectScore") -> tuple[str, ...]:
    numbers = f"{score.total}", f"{score.classes}", f"{score.correct}"
    return score.subject, *numbers, f"{score.accuracy:.3f}", f"{score.balanced_accuracy:.3f}"
