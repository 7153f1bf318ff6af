"""`zoo presets`: list known experiments, or print the run spec of one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from zoo_registry import Registry

from zoo.cli.components import Json
from zoo.cli.tables import print_json, print_table
from zoo.cli.training import Changes
from zoo.process.lines import print_line
from zoo.specs.overrides import apply_changes
from zoo.specs.places import inferred, recognise, shorthand
from zoo.specs.presets import load, names
from zoo.specs.presets.fitting import fit

presets = typer.Typer(help="List known experiments as run specs, with purpose and source.")


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
        typer.Option(
            metavar="FOLDER", help="Where your data are, or KIND:PLACE, such as ts:data/ERing; sizes follow them."
        ),
    ] = None,
    small_sizes: Annotated[bool, typer.Option("--small", help="Sizes for two CPU cores instead of a GPU.")] = False,
    changes: Changes = None,
) -> None:
    """Print the JSON of a run spec; what to expect of it goes to standard error."""
    preset, registry = load(name), Registry.discover()
    run = preset.small_run() if small_sizes else dict(preset.run)
    if data is not None:
        run["data"] = _placed(run["data"], data, registry, changes or ())
    spec = registry.run(run)
    run = apply_changes(run, changes or (), spec.dump(), type(spec))
    fittings: list[str] = []
    if data is not None:
        run, fittings = _fitted(run, registry, changes or ())
    registry.run(run)
    print_json(run)
    size = " Sized for a GPU; --small fits two CPU cores." if preset.small and not small_sizes else ""
    for line in (f"{preset.source}.", f"{preset.expect}{size}", *fittings):
        print_line(line, error=True)


def _placed(given: dict[str, Any], place: str, registry: Registry, changes: Sequence[str]) -> dict[str, Any]:
    """``given`` with the source at ``place`` and the ``changes`` to that source."""
    found = shorthand(place, registry) or recognise(Path(place), registry)
    settings = [change for change in changes if change.startswith("data.source.")]
    changed = apply_changes({"data": found}, settings, {}, registry.run_type())["data"]
    return {**given, **inferred(changed, registry)}


def _fitted(run: dict[str, Any], registry: Registry, changes: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """``run`` with sizes adapted to its data, except those set in ``changes``, and a sentence for each adaptation.

    Raises ZooError when no sizes fit, or when those set in ``changes`` do not.
    """
    from zoo.data import input_of

    spec = registry.run(run)
    found = input_of(spec.data)
    fitted, fittings = fit(run, found, registry)
    fitted = apply_changes(fitted, changes, spec.dump(), type(spec))
    kept = registry.run(fitted)
    kept.with_input(input_of(kept.data))
    words = f"Changed for {found.channels} x {found.length} samples: "
    return fitted, [words + sentence + "." for sentence in fittings]
