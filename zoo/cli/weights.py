"""`zoo import`: convert weights that were trained elsewhere into a bundle."""

from pathlib import Path
from typing import Annotated

import typer
from zoo_registry import SpecError

from zoo.cli.components import Json
from zoo.cli.tables import print_facts, print_json
from zoo.io.files import resolved


def import_weights(
    plugin: Annotated[
        str, typer.Argument(metavar="PLUGIN", help="Plugin that reads this kind of checkpoint, such as vqshape.")
    ],
    checkpoint: Annotated[Path, typer.Argument(metavar="CKPT", help="File written by torch.save.")],
    out: Annotated[Path, typer.Option(help="Write the bundle to this folder.")],
    given: Annotated[
        str | None,
        typer.Option(
            "--input", metavar="AXIS=SIZE", help="Sizes that the file does not contain: t=100, or h=64,w=64 for images."
        ),
    ] = None,
    expects_norm: Annotated[
        Path | None,
        typer.Option(
            metavar="STATS", help="Mean and deviation used to standardise its inputs: .npz, .json or .npy of (2, c)."
        ),
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Text file of its class names, one per line in the order of its logits.")
    ] = None,
    json: Json = False,
) -> None:
    """Import an external checkpoint: its spec is derived from the file, and no code in the file is run."""
    sizes = _sizes(given)
    from zoo.weights.bundle import require_replaceable, save
    from zoo.weights.importing import import_checkpoint

    require_replaceable(resolved(out))
    model, notes = import_checkpoint(plugin, checkpoint, sizes, expects_norm, classes)
    save(model, out)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if json:
        print_json({"model": model.spec.dump(), "parameters": parameters, "notes": notes, "bundle": str(out)})
        return
    kinds = ", ".join(str(part.kind) for _, part in model.spec.components())
    facts = [("model", kinds), ("input", str(model.trace.signal)), ("parameters", f"{parameters:,}")]
    print_facts([*facts, *(("note", note) for note in notes), ("bundle", str(out))])


def _sizes(text: str | None) -> dict[str, int]:
    """`h=64,w=64` as sizes by axis letter."""
    sizes: dict[str, int] = {}
    for part in text.split(",") if text is not None else ():
        axis, _, size = (word.strip() for word in part.partition("="))
        if not axis or axis in sizes or not (size.isascii() and size.isdecimal() and len(size) < 10) or int(size) < 1:
            raise SpecError("--input", "sizes by axis such as t=100 or h=64,w=64", repr(text), "write each axis once")
        sizes[axis] = int(size)
    return sizes
