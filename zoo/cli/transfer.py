"""`zoo transfer`: which weights of another model fit a spec, tensor by tensor."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import ValidationError
from zoo_registry import ModelSpec, Registry, RunSpec, SpecError, TransferSpec
from zoo_registry.errors import show
from zoo_registry.explain import explain

from zoo.cli.components import Bundle, Json
from zoo.cli.tables import print_json, print_table, print_title
from zoo.io.files import resolved
from zoo.process.lines import print_line
from zoo.specs.read import read_spec
from zoo.texts.filling import with_data

if TYPE_CHECKING:
    from zoo.weights.report import TensorRow, TransferReport

Only = Annotated[
    list[str] | None,
    typer.Option(metavar="PATHS", help="Components or paths to transfer, such as encoder,decoder.transformer."),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FROM=TO", help="Rename a path of the source; repeatable."),
]


def transfer(
    source: Bundle,
    spec: Annotated[Path, typer.Argument(help="JSON file of a model or a run.", show_default=False)],
    policy: Annotated[
        Literal["strict", "fit", "resize"],
        typer.Option(help="What to do with tensors that do not fit: refuse, leave out, or resize them."),
    ] = "strict",
    only: Only = None,
    map_: Map = None,
    layers: Annotated[
        Literal["first", "even"], typer.Option(help="Which layers to pair if the numbers of layers differ.")
    ] = "first",
    seed: Annotated[int, typer.Option(help="Seed of the weights that are not transferred.", min=0, max=2**32 - 1)] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the model with the transferred weights as a bundle.")] = None,
    json: Json = False,
) -> None:
    """Show how every tensor of SOURCE is transferred to a model of SPEC, and why; with --out, do it."""
    chosen = _transfer(source, policy, only, map_, layers)
    report = _plan(_model(spec), chosen, seed, out)
    if json:
        print_json(report.model_dump(mode="json"))
    else:
        print_transfer(report)
    report.require_allowed()
    if out and not json:
        print_line()
        print_line(f"bundle in {out}")


def _transfer(
    source: str, policy: str, only: Sequence[str] | None, pairs: Sequence[str] | None, layers: str
) -> TransferSpec:
    paths = [path for text in only or () for path in text.split(",")]
    renamed = _pairs(pairs or ())
    data = {"source": source, "policy": policy, "only": paths or None, "map": renamed, "layers": layers}
    try:
        return TransferSpec.model_validate(data)
    except ValidationError as error:
        raise explain(error, TransferSpec, data) from None


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        start, equals, end = text.partition("=")
        if not equals or start in found:
            expected = "FROM=TO, each FROM once"
            raise SpecError("--map", expected, show(text), "write --map encoder.old=encoder.new")
        found[start] = end
    return found


def _model(spec: Path) -> ModelSpec:
    """The model of a spec; if a run's model names no input, the input comes from the run's data."""
    found = read_spec(spec, Registry.discover())
    if isinstance(found, RunSpec) and found.model.input is None:
        from zoo.data import input_of

        found = with_data(found, input_of(found.data))
    return found.model if isinstance(found, RunSpec) else found


def _plan(model: ModelSpec, chosen: TransferSpec, seed: int, out: Path | None) -> "TransferReport":
    import torch

    from zoo.model.build import build
    from zoo.weights.bundle import require_replaceable, save
    from zoo.weights.plan import plan
    from zoo.weights.source import read_source
    from zoo.weights.transfer import apply

    source = read_source(chosen.source)
    if out:
        require_replaceable(resolved(out))
    torch.manual_seed(seed)
    built = build(model)
    made = plan(built, source, chosen, seed)
    if out and made.report.allowed:
        apply(made, built)
        save(built, out)
    return made.report


def print_transfer(report: "TransferReport") -> None:
    """Print a row per module, then the reason for every tensor that was not loaded unchanged."""
    from zoo.weights.report import STATUSES

    rows = [(m.name, *(_count(m.count(status)) for status in STATUSES)) for m in report.modules()]
    total = ("total", *(_count(report.total(status)) for status in STATUSES))
    print_table(["module", *STATUSES], [*rows, total], numbers=STATUSES, total=True)
    reasons = list(_reasons(report.tensors))
    if reasons:
        print_title("Reasons")
        print_table(["tensor", "what", "why"], reasons)
    if report.differences:
        print_title("Fields that differ")
        fields = [(d.field, dumps(d.source), dumps(d.here)) for d in report.differences]
        print_table(["field", "source", "here"], fields)


def _reasons(rows: "Sequence[TensorRow]") -> Iterator[tuple[str, str, str]]:
    """Names, status and reason; consecutive tensors with equal status and reason share one row."""
    reasoned = [row for row in rows if row.reason]
    for (status, reason), group in groupby(reasoned, lambda row: (row.status, row.reason)):
        names = [row.known_as for row in group]
        yield _together(names), status, reason


def _together(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    paths = [name.split(".") for name in names]
    shared = [steps[0] for steps in zip(*paths, strict=False) if len(set(steps)) == 1]
    return f"{'.'.join(shared)}.* ({len(names)} tensors)" if shared else f"{names[0]} and {len(names) - 1} more"


def _count(number: int) -> str:
    return str(number) if number else ""
