"""`zoo logits`: what a classifier predicts for the windows of a data set, as a file that can teach."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from zoo_registry import EstimatorSpec, Registry, RunSpec, SpecError
from zoo_registry.explain import explain

from zoo.cli.components import Json
from zoo.cli.runs import require_run
from zoo.cli.tables import print_json
from zoo.cli.training import Changes, Folds
from zoo.process.lines import print_line
from zoo.specs.read import read_run

if TYPE_CHECKING:
    from zoo.teachers.counts import Count


def logits(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN_OR_SPEC", help="Folder of a trained run, or with --estimator also a run's file."),
    ],
    out: Annotated[Path, typer.Option(help="The .npz file to write.", show_default=False)],
    estimator: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS",
            help="Classifier of aeon or scikit-learn to fit on the training split, such as aeon.MiniRocketClassifier, "
            "or the name of one in evaluation.judges, with its parameters. Default: the run's own model.",
            show_default=False,
        ),
    ] = None,
    folds: Folds = None,
    changes: Changes = None,
    json: Json = False,
) -> None:
    """Write logits of all three splits of a run's data into one file, which can be a teacher.

    Those of the training split are of a classifier that saw the windows, or with --folds of one that did not.
    """
    from zoo.io.npz import require_npz

    require_npz(out, "logits")
    if estimator is None:
        found = _of_model(run, out, folds, changes or [])
    else:
        spec = read_run(run, Registry.discover(), changes or ())
        found = _of_estimator(spec, _estimator(estimator, spec), out, folds)
    from zoo.cli.counts import print_counts

    if json:
        print_json({"file": str(out), "counts": [count._asdict() for count in found]})
    else:
        print_counts(found)
        print_line(f"logits in {out}")


def _of_model(run: Path, out: Path, folds: str | None, changes: list[str]) -> "list[Count]":
    folder = require_run(run)
    if folds is not None:
        hint = f"`zoo train {run} --folds {folds} --resume` trains a model per fold and writes {folder.logits}"
        raise SpecError("--folds", "an --estimator to fit without each fold", "none", hint)
    from zoo.evaluation.loaded_run import open_run
    from zoo.evaluation.run_logits import run_logits
    from zoo.teachers.counts import counts

    opened = open_run(folder, changes)
    file = run_logits(opened)
    file.write(out)
    return counts(file, opened.data, file.train)


def _of_estimator(run: RunSpec, spec: EstimatorSpec, out: Path, folds: str | None) -> "list[Count]":
    from zoo.data.folds import Folding, cut_folds
    from zoo.runs.data import load_set

    folding = Folding.parse(folds) if folds is not None else None
    data = load_set(run)
    cut = None if folding is None else cut_folds(data.train, folding, run.data.split.seed)
    from zoo.evaluation.estimator_logits import estimator_logits
    from zoo.teachers.counts import counts

    file, in_sample = estimator_logits(spec, data, cut)
    file.write(out)
    return counts(file, data, in_sample)


def _estimator(text: str, run: RunSpec) -> EstimatorSpec:
    """The estimator of that name in the run, or else of that class; raises SpecError if it is neither."""
    if text in run.evaluation.estimators:
        return run.evaluation.estimators[text]
    try:
        return EstimatorSpec(estimator=text)
    except ValidationError as error:
        reason = explain(error, EstimatorSpec, {"estimator": text})
        raise SpecError("--estimator", reason.expected, reason.found, reason.hint) from None
