"""`zoo models`: the trained models that plugins offer by name, and the card of one."""

import sys
from collections.abc import Callable
from shutil import get_terminal_size
from typing import Annotated

import typer
from zoo_registry import InputSpec

from zoo.cli.components import Json
from zoo.cli.tables import print_facts, print_json, print_table, print_title
from zoo.process.lines import print_line
from zoo.weights.importable import Importable, importable, importables
from zoo.weights.listing import NamedModel, input_in_words, list_models, show_model
from zoo.weights.tasks import TASKS

INPUT = "input c × t"
_COLUMNS = ("model", "what it is for", INPUT, "parameters", "size", "from", "licence", "headline")
_WIDE, _IN_WIDE = 110, ("parameters", "from", "licence")
"""Columns of a terminal from which on these are shown; below, what a model is for would have a word per line."""

models = typer.Typer(help="List trained models by name, with purpose, input, size and licence.")


@models.callback(invoke_without_command=True)
def list_all(context: typer.Context, json: Json = False) -> None:
    """List the models that `zoo.load("NAME")` loads, and whose names commands and specs take for a bundle."""
    if context.invoked_subcommand is None:
        _print_list(None, json)


def _lister(task: str) -> Callable[..., None]:
    def list_some(json: Json = False) -> None:
        _print_list(task, json)

    return list_some


for _task, _role in TASKS.items():
    models.command(_task, help=f"List the models that can {_task}: those with a {_role}.")(_lister(_task))


@models.command("show")
def show_card(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a model, as `zoo models` lists it, or hf://owner/name.")
    ],
    json: Json = False,
) -> None:
    """Show the card of a model: what it is for, what it reads, what it was trained on and how good it is.

    For the name of a plugin that imports checkpoints: where these are published, and how they become a model.
    """
    if (outside := importable(name)) is not None:
        _print_importable(outside, json)
        return
    found = show_model(name)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    if found.purpose:
        print_line(found.purpose)
        print_line()
    print_facts(_facts(found))


def _print_list(task: str | None, json: bool) -> None:
    found, broken = list_models(task)
    if json:
        listed = [model.model_dump(mode="json") for model in found.values()]
        print_json({"models": listed, "broken": broken})
        return
    if found:
        table = [_COLUMNS, *map(_row, found.values())]
        narrow = sys.stdout.isatty() and get_terminal_size().columns < _WIDE
        shown = [index for index, name in enumerate(_COLUMNS) if not (narrow and name in _IN_WIDE)]
        columns, *rows = ([row[index] for index in shown] for row in table)
        print_table(columns, rows, numbers=("parameters", "size"), wrap=("what it is for", INPUT))
        if narrow:
            print_line(f"{', '.join(_IN_WIDE)}: with {_WIDE} columns, or `zoo models show NAME`")
    else:
        print_line(f"no installed plugin offers a model{f' that can {task}' if task else ''}")
    if task is None and (others := importables()):
        commands = " and ".join(f"`zoo models show {name}`" for name in others)
        print_line(f"to import checkpoints of others: {commands}")
    if broken:
        print_title("Not usable")
        print_table(["model or plugin", "reason"], list(broken.items()))


def _print_importable(found: Importable, json: bool) -> None:
    if json:
        print_json(found.model_dump(mode="json"))
        return
    print_line(found.purpose)
    print_line()
    print_facts(list(found.facts()))


def _row(model: NamedModel) -> tuple[str, ...]:
    about = (model.name, model.purpose or "", _input(model), _parameters(model), _size(model))
    return (*about, model.origin, model.licence or "not stated", "" if model.headline is None else str(model.headline))


def _facts(model: NamedModel) -> list[tuple[str, str]]:
    classes = model.input.class_names if isinstance(model.input, InputSpec) else None
    return [
        ("name", model.name),
        ("can", ", ".join(model.can) or "encode"),
        (INPUT, _input(model)),
        *([("classes", ", ".join(classes))] if classes else []),
        *model.components.items(),
        ("parameters", _parameters(model)),
        ("size", _size(model)),
        *_card(model),
        ("licence", model.licence or "not stated"),
        ("from", f"{model.origin}, written by zoo {model.zoo}"),
        *([("revision", model.revision)] if model.revision else []),
        ("folder", str(model.folder)),
        ("sha256", model.sha256),
        ("in Python", f'zoo.load("{model.name}")'),
    ]


def _card(model: NamedModel) -> list[tuple[str, str]]:
    """What only a card says, as far as it does."""
    data, best = model.trained_on, model.headline
    found = (
        []
        if data is None
        else [
            ("trained on", data.data),
            ("split", data.split),
            ("fingerprint", data.fingerprint or "unknown"),
        ]
    )
    found += [] if best is None else [("headline", str(best)), ("protocol", best.protocol)]
    return found + ([("made by", model.source)] if model.source else [])


def _input(model: NamedModel) -> str:
    return input_in_words(model.input, model.channelwise)


def _parameters(model: NamedModel) -> str:
    return "" if model.parameters is None else f"{model.parameters:,}"


def _size(model: NamedModel) -> str:
    return f"{model.size / 1000:,.0f} kB"
