"""`zoo export`: a trained model as one file for other runtimes."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import ZooNote

from zoo.cli.components import Bundle, Json
from zoo.cli.tables import print_facts, print_json, print_table
from zoo.cli.training import Moved
from zoo.export.requirements import FormatName, require_packages
from zoo.process.lines import print_line
from zoo.weights.manifest import bundle_in, read_manifest

if TYPE_CHECKING:
    from zoo.export.export_run import Exported


def export(
    run: Bundle,
    format: Annotated[  # noqa: A002  # the name of the option
        FormatName,
        typer.Option(help="Kind of file; onnx needs the packages of the extra `export`.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    moved: Moved = None,
    json: Json = False,
) -> None:
    """Write a model as one file that runs without the zoo, checked against the model and timed.

    Input: complete windows (b c t) in the data's units, any number of them, of the model's channels and length. Output:
    logits (b k), or the reconstruction or tokens of a model without a head.
    """
    require_packages(format)
    read_manifest(bundle_in(run))
    from zoo.export.export_run import export as write

    found = write(run, format, out, moved or ())
    if found.note:
        warnings.warn(f"checked on noise only: {found.note}", ZooNote, stacklevel=2)
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(found)


def _print(found: "Exported") -> None:
    agreement, classes = found.agreement, found.facts.get("class_names")
    same = "" if agreement.decisions is None else f"{agreement.decisions}/{agreement.windows} decisions equal, "
    apart = f"largest difference {agreement.difference:.1e}"
    if agreement.beyond:
        apart += f" ({agreement.beyond} windows with another code at nearly the same distance)"
    facts = [
        ("file", f"{found.file}, {found.size / 1000:,.0f} kB, {found.format}"),
        ("parameters", f"{found.parameters:,}"),
        ("input", found.facts["input"]),
        ("output", found.facts["output"]),
        *([("classes", ", ".join(classes))] if classes else []),
        ("checked", f"{same}{apart}, on {agreement.windows} {agreement.source}"),
    ]
    print_facts(facts)
    print_line()
    columns = ["one thread, median", *(f"ms, batch {measured.batch}" for measured in found.latency)]
    rows = [
        ("model", *(f"{1000 * measured.model:.3f}" for measured in found.latency)),
        (found.format, *(f"{1000 * measured.file:.3f}" for measured in found.latency)),
    ]
    print_table(columns, rows, numbers=columns[1:])
