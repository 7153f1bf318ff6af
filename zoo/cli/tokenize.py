"""`zoo tokenize`: write a whole data set as codes into one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from zoo_registry import Registry

from zoo.cli.components import Bundle, Json
from zoo.cli.tables import print_json, print_table
from zoo.cli.training import Changes
from zoo.process.bar import bar
from zoo.process.lines import print_line
from zoo.specs.read import read_data
from zoo.weights.manifest import bundle_in, read_manifest

if TYPE_CHECKING:
    from zoo.codebook.token_file import TokenFile


def tokenize(
    bundle: Bundle,
    data: Annotated[
        str,
        typer.Argument(
            help="JSON file of data or of a run, folder of a run, or KIND:PLACE such as ts:folder.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(help="The .npz file to write.", show_default=False)],
    split: Annotated[Literal["all", "train", "validation", "test"], typer.Option(help="Windows to use.")] = "all",
    changes: Changes = None,
    json: Json = False,
) -> None:
    """Write codes, positions, lengths, offsets and scales of a whole data set into one .npz file."""
    spec = read_data(data, Registry.discover(), changes or ())
    read_manifest(bundle_in(bundle))
    from zoo.codebook.token_file import tokenize as write

    with bar("tokenize") as seen:
        written = write(bundle, spec, out, split, seen)
    if json:
        print_json(_summary(written))
        return
    rows = [(name, str(shape), written.dtypes[name]) for name, shape in written.shapes.items()]
    print_table(["array", "shape", "type"], rows)
    counts = ", ".join(f"{count} {name}" for name, count in written.windows.items())
    print_line()
    print_line(f"windows: {counts}; {written.codes} codes per level; in {written.path}")


def _summary(written: "TokenFile") -> dict[str, object]:
    arrays = {name: {"shape": list(shape), "dtype": written.dtypes[name]} for name, shape in written.shapes.items()}
    return {
        "file": str(written.path),
        "windows": dict(written.windows),
        "codes": written.codes,
        "arrays": arrays,
        "fingerprint": written.fingerprint,
    }
