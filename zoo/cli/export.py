"""`zoo export`: a trained model as one file for other runtimes."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import Registry, ZooNote

from zoo.cli.components import Bundle, Json
from zoo.cli.tables import print_facts, print_json, print_table
from zoo.export.requirements import FormatName, require_packages, require_task
from zoo.process.lines import print_line
from zoo.specs.read import read_data
from zoo.weights.tasks import Task

if TYPE_CHECKING:
    from zoo.export.agreement import Agreement
    from zoo.export.export_run import Exported


def export(
    run: Bundle,
    format: Annotated[  # noqa: A002  # the name of the option
        FormatName,
        typer.Option(help="Kind of file; onnx needs the packages of the extra `export`.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    what: Annotated[
        Task | None,
        typer.Option(help="What the file is for. Default: the last result of the model.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Windows to check it on: JSON file of data or of a run, folder of a run, or KIND:PLACE such as "
            "ts:folder. Default: those of the run.",
            show_default=False,
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Change one field of --data, such as data.length.to=100; without it, the location of the run's data, "
            "data.source.path=PLACE. Repeatable.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write a model as one file that runs without the zoo, checked against the model and timed.

    Input: complete windows (b c t) in the data's units, of the model's channels and length. Output: logits (b k) to
    classify; codes, positions, lengths, offsets and scales to tokenize; the signal (b c t) to reconstruct.
    """
    require_packages(format)
    require_task(run, what)
    spec = None if data is None else read_data(data, Registry.discover(), changes or ())
    from zoo.export.export_run import export as write

    found = write(run, format, out, what, spec, [] if data else changes or ())
    if found.note:
        warnings.warn(f"checked on noise only: {found.note}", ZooNote, stacklevel=2)
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(found)


def _print(found: "Exported") -> None:
    classes = found.facts.get("class_names")
    facts = [
        ("file", f"{found.file}, {found.size / 1000:,.0f} kB, {found.format}"),
        ("parameters", f"{found.parameters:,}"),
        ("input", found.facts["input"]),
        *(("output", f"{name} {sizes}") for name, sizes in found.facts["output"].items()),
        *([("classes", ", ".join(classes))] if classes else []),
        ("checked", _checked(found.agreement)),
    ]
    print_facts(facts)
    print_line()
    columns = ["one thread, median", *(f"ms, batch {measured.batch}" for measured in found.latency)]
    rows = [
        ("model", *(f"{1000 * measured.model:.3f}" for measured in found.latency)),
        (found.format, *(f"{1000 * measured.file:.3f}" for measured in found.latency)),
    ]
    print_table(columns, rows, numbers=columns[1:])


def _checked(found: "Agreement") -> str:
    parts = []
    if found.decisions is not None:
        parts.append(f"{found.decisions}/{found.windows} decisions equal")
    if found.codes is not None:
        parts.append(f"{found.equal}/{found.codes} codes equal")
    parts.append(f"largest difference {found.difference:.1e}")
    if found.ties:
        parts.append(f"{found.ties} windows with another code at the same distance within rounding")
    return f"{', '.join(parts)}, on {found.windows} {found.source}"
