"""`zoo train`, `zoo eval` and `zoo quickstart`: train a run spec, and judge the trained model."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from zoo_registry import Registry, RunSpec

from zoo.cli.components import Json
from zoo.cli.findings import print_verdict
from zoo.cli.runs import require_run
from zoo.cli.tables import print_json
from zoo.hub.download import pin
from zoo.process.launched import launched
from zoo.process.lines import print_line
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_run
from zoo.teachers.checks import require_sources

RunFile = Annotated[Path, typer.Argument(help="JSON file of a run, or the folder of one.", show_default=False)]
Out = Annotated[Path | None, typer.Option(help="Folder of the run. Default: runs/NAME.", show_default=False)]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change one field, such as training.epochs=5; repeatable."),
]

Moved = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="New location of the run's data, such as data.source.path=PLACE; other data are refused.",
        show_default=False,
    ),
]

Folds = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT[:N]",
        help="Logits of training windows from models that did not see them: N folds (default 5) of whole units, "
        "which are subject, group or class (windows, with class shares kept).",
        show_default=False,
    ),
]


def train(
    run: RunFile,
    out: Out = None,
    changes: Changes = None,
    resume: Annotated[bool, typer.Option(help="Continue from the last checkpoint of the run.")] = False,
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="Log the gradient norm of each loss term and component, once per epoch.")
    ] = False,
    folds: Folds = None,
) -> None:
    """Train a run into its folder: checkpoints, metrics.csv, TensorBoard events and a bundle.

    With --folds, also train a model per fold on the rest of the training split, and write logits.npz.
    """
    spec = read_run(run, Registry.discover(), changes or ())
    folder = out or _home(run, spec)
    if resume and RunFolder(folder).run_file.exists():
        pin(RunFolder(folder).commits())
        require_sources(spec.model_copy(update={"transfer": ()}))  # its weights are those of a checkpoint now
    else:
        require_sources(spec)
    if folds is not None:
        _train_folds(spec, folder, folds, resume, diagnose)
        return
    from zoo.training.fit import train as fit

    fit(spec, folder, resume, diagnose=diagnose)
    found = launched()
    if found is None or found.rank == 0:
        print_line(f"bundle in {folder / 'bundle'}; `zoo eval {folder}` evaluates it")


def _train_folds(spec: RunSpec, folder: Path, folds: str, resume: bool, diagnose: bool) -> None:
    from zoo.data.folds import Folding
    from zoo.runs.folds import require_foldable

    folding = Folding.parse(folds)
    require_foldable(spec)
    from zoo.cli.counts import print_counts
    from zoo.training.folds import train_folds

    print_counts(train_folds(spec, folder, folding, resume, diagnose=diagnose))
    print_line(f"logits in {folder / 'logits.npz'}, bundle in {folder / 'bundle'}")


def evaluate(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Folder of a trained run; several may differ only in their seed.", show_default=False
        ),
    ],
    split: Annotated[Literal["test", "validation"], typer.Option(help="Split to evaluate on.")] = "test",
    corrupt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:SEVERITY,...",
            help="Evaluate also on corrupted inputs, such as noise:.06,missing:.15,shift:.1; repeatable.",
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=JUDGE",
            help="Additional judge: a bundle, or an estimator such as aeon.MiniRocketClassifier; repeatable.",
            show_default=False,
        ),
    ] = None,
    alone: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="For a run with teachers: the run of the student without them, to compare window by window.",
            show_default=False,
        ),
    ] = None,
    times: Annotated[
        bool, typer.Option("--times", help="For a run with teachers: measure processing times, on one thread.")
    ] = False,
    moved: Moved = None,
    json: Json = False,
) -> None:
    """Evaluate a trained run on a whole split, beside the majority class and every judge; writes eval.json.

    Several runs that differ only in their seed give mean and sample deviation of every measure.
    """
    folders = [require_run(run) for run in runs]
    other = None if alone is None else require_run(alone)
    from zoo.cli.verdict import print_report, print_seeds
    from zoo.evaluation.corruption import parse_corruptions
    from zoo.evaluation.judge_run import judge_run
    from zoo.evaluation.loaded_run import open_run
    from zoo.evaluation.seeds import over_seeds, require_seeds

    corruptions = parse_corruptions(corrupt or ())
    seeds = require_seeds(folders) if len(runs) > 1 else []
    without = None if other is None else open_run(other, moved or ())
    reports = [
        judge_run(open_run(folder, moved or ()), split, corruptions, judge or (), without, times) for folder in folders
    ]
    found = over_seeds(folders, seeds, reports) if seeds else None
    if json:
        print_json((found or reports[0]).model_dump(mode="json"))
    elif found:
        print_seeds(found, split)
    else:
        print_report(reports[0], split)
        if split == "test":
            print_verdict(folders[0].path)


def _home(source: Path, run: RunSpec) -> Path:
    """The folder of a run: ``source`` if it is a run folder, else `runs/NAME`."""
    return source if source.is_dir() else Path("runs") / run.name


def quickstart(
    out: Annotated[Path, typer.Option(help="Folder of its runs.")] = Path("runs/quickstart"),
    pretrained: Annotated[
        bool,
        typer.Option("--pretrained", help="Train no codebook: read data that shapes-small has never seen with it."),
    ] = False,
) -> None:
    """Train and evaluate three small models on real data that come with aeon, in about half a minute."""
    from zoo.cli.verdict import print_stages
    from zoo.quickstart import Stage
    from zoo.quickstart import pretrained as read
    from zoo.quickstart import quickstart as train_all

    done: list[Stage] = []
    for stage in read(out) if pretrained else train_all(out):
        print_line(f"done: {stage.title}, in {stage.folder.path}")
        done.append(stage)
    print_stages(done, "GunPoint" if pretrained else "BasicMotions")
