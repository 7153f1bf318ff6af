"""`zoo explain`: which shapes at which positions contributed to the class of one window."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zoo.cli.components import Json
from zoo.cli.runs import require_run
from zoo.cli.tables import print_facts, print_json, print_table, print_title
from zoo.cli.training import Moved
from zoo.process.lines import print_line

if TYPE_CHECKING:
    from zoo.explain.report import Explanation

_MOST = 10


def explain(
    run: Annotated[Path, typer.Argument(help="Folder of a trained run.", show_default=False)],
    window: Annotated[int, typer.Option(help="Number of the window in its split, from 0.", show_default=False)],
    split: Annotated[Literal["test", "validation"], typer.Option(help="Split that the window is from.")] = "test",
    of: Annotated[str | None, typer.Option(help="Class to explain. Default: the predicted class.")] = None,
    moved: Moved = None,
    json: Json = False,
) -> None:
    """Explain a decision: which shapes at which positions contributed to a class; writes JSON and a picture."""
    folder = require_run(run)
    from zoo.evaluation.loaded_run import open_run
    from zoo.explain.explain_run import explain_run, stem

    found = explain_run(open_run(folder, moved or ()), window, split, of)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    _print(found)
    name = stem(found)
    print_line()
    print_line(f"details in {folder.explanation(name)}, picture in {folder.figures / name}.png and .svg")


def _print(found: "Explanation") -> None:
    print_title(f"{found.split.capitalize()} window {found.window}")
    print_facts(
        [
            ("label", found.label),
            ("decision", found.predicted),
            ("explained", f"{found.of}, logit {found.logit:+.3f}, including a bias of {found.bias:+.3f}"),
        ]
    )
    print_title("Contributions by part")
    parts = sorted(found.parts, key=lambda part: -abs(part.said))
    print_table(["adds", "part"], [(f"{part.said:+.3f}", part.name) for part in parts], numbers=["adds"])
    print_title(f"Codes that contribute most, of {found.counted}")
    rows = [
        (
            f"{code.said:+.4f}",
            str(code.code),
            "all" if code.channel is None else str(code.channel),
            f"{code.share:.3f}",
            "" if code.start is None else f"{code.start}–{code.end}",
            code.book,
        )
        for code in found.codes[:_MOST]
    ]
    columns = ["adds", "code", "channel", "share", "samples", "book"]
    print_table(columns, rows, numbers=columns[:-1])
