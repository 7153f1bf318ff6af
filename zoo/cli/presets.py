"""`zoo presets`: experiments that are known, and the run spec of one."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from zoo_registry import Registry

from zoo.changes import apply_changes
from zoo.cli.components import Json
from zoo.cli.tables import print_json, print_table
from zoo.cli.training import Changes
from zoo.presets import load, names, small
from zoo.specs import shorthand

presets = typer.Typer(help="Known experiments as run specs: what each is for, and where it comes from.")


@presets.callback(invoke_without_command=True)
def list_presets(context: typer.Context, json: Json = False) -> None:
    """List the experiments that `zoo presets show NAME` writes as run specs."""
    if context.invoked_subcommand is not None:
        return
    found = {name: load(name) for name in names()}
    if json:
        print_json([{"name": name, **preset.model_dump(exclude={"run"})} for name, preset in found.items()])
        return
    rows = [(name, preset.purpose, preset.source) for name, preset in found.items()]
    columns = ["preset", "what it is for", "where it comes from"]
    print_table(columns, rows, wrap=columns[1:])


@presets.command("show")
def show_preset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Preset, such as channelwise_codebook.")],
    data: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where your data lie; or FORMAT:FOLDER, such as ts:data/ERing."),
    ] = None,
    small_sizes: Annotated[bool, typer.Option("--small", help="Sizes for two CPU cores instead of a GPU.")] = False,
    changes: Changes = None,
) -> None:
    """Print the JSON of a run spec; what to expect of it goes to standard error."""
    preset, registry = load(name), Registry.discover()
    run = small(preset.run) if small_sizes else dict(preset.run)
    if data is not None:
        run["data"] = _placed(run["data"], data)
    run = apply_changes(run, changes or (), registry.run(run).dump())
    registry.run(run)
    print_json(run)
    large = "encoder" in run["model"] and not small_sizes
    size = " Sized for a GPU; --small fits two CPU cores." if large else ""
    print(f"{preset.source}.\n{preset.expect}{size}", file=sys.stderr)


def _placed(given: dict[str, Any], place: str) -> dict[str, Any]:
    """``given`` with the source that ``place`` names; what it says of the same format stays."""
    from zoo.data.recognise import recognise

    found = shorthand(place) or recognise(Path(place))
    same = given["source"] if given["source"]["format"] == found["source"]["format"] else {}
    return {**given, **found, "source": {**same, **found["source"]}}
