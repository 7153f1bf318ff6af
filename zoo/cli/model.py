"""`zoo check` and `zoo build`: is a spec valid, and what does its model look like?"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from zoo_registry import ModelSpec, Registry, RunSpec, SpecError, TransferSpec

from zoo.cli.components import Json
from zoo.cli.runs import print_run, run_data
from zoo.cli.stages import Stage, stages
from zoo.cli.tables import print_json, print_table
from zoo.cli.training import Changes
from zoo.io.files import resolved
from zoo.process.lines import print_line
from zoo.specs.read import read_spec
from zoo.teachers.checks import require_sources
from zoo.texts.filling import with_data, with_words

if TYPE_CHECKING:
    from zoo.model.cost import Bill

SpecFile = Annotated[
    Path,
    typer.Argument(
        metavar="SPEC",
        help="JSON file of a model or a run, the folder of a bundle, or the name of a model.",
        show_default=False,
    ),
]


def check(spec: SpecFile, changes: Changes = None, json: Json = False) -> None:
    """Check a spec without building anything: the shape after every stage, and the phases of a run."""
    model, run = _read(spec, changes or ())
    found = list(stages(model))
    notes: list[str] = []
    if run:
        from zoo.data.glance import glance

        require_sources(run)
        notes = glance(run.data)
    if json:
        shapes = {"stages": [_stage(stage) for stage in found], "terms": dict((run or model).terms())}
        print_json(shapes | (run_data(run) | {"notes": notes} if run else {}))
        return
    print_table(["stage", "component", "shape"], [(s.name, s.kind, str(s.shape)) for s in found])
    if run:
        print_run(run)
    for note in notes:
        print_line(note)


def build(
    spec: SpecFile,
    out: Annotated[Path | None, typer.Option(help="Write a bundle to this folder.", show_default=False)] = None,
    weights: Annotated[
        str | None, typer.Option(help="Take weights from this bundle, run or model.", show_default=False)
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Component to take from --weights; repeatable. Default: all that both have."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the initial weights.", min=0, max=2**32 - 1)] = 0,
    json: Json = False,
) -> None:
    """Build a model, run it once on noise, and show shape, parameters and FLOPs of every stage."""
    model, _ = _read(spec)
    cost, notes = _build(model, out, weights, only, seed)
    found = list(zip(stages(model), _prices(model, cost), strict=True))
    if json:
        priced = [{**_stage(stage), "parameters": price[0], "flops": price[1]} for stage, price in found]
        print_json({"stages": priced, "parameters": cost.parameters, "flops": cost.flops})
        return
    rows = [(s.name, s.kind, str(s.shape), _count(price[0]), _flops(price[1])) for s, price in found]
    rows.append(("total", "", "", _count(cost.parameters), _flops(cost.flops)))
    print_table(
        ["stage", "component", "shape", "parameters", "FLOPs"], rows, numbers=("parameters", "FLOPs"), total=True
    )
    for note in notes:
        print_line(note)


def _build(
    model: ModelSpec, out: Path | None, weights: str | None, only: list[str] | None, seed: int
) -> tuple["Bill", list[str]]:
    """Cost of the model, and sentences on the files read and written."""
    import torch

    from zoo.model.build import build as build_model
    from zoo.model.cost import bill
    from zoo.weights.bundle import require_replaceable, save
    from zoo.weights.transfer import transfer

    notes = []
    if only and not weights:
        raise SpecError("--only", "--weights beside it", "none", "name the bundle to take them from")
    if out:
        require_replaceable(resolved(out))
    torch.manual_seed(seed)
    built = build_model(model)
    if weights:
        notes.append(transfer(built, TransferSpec(source=weights, only=tuple(only) if only else None)).sentence())
    cost = bill(built)
    if out:
        save(built, out)
        notes.append(f"bundle in {out}")
    return cost, notes


def _prices(model: ModelSpec, cost: "Bill") -> Iterator[tuple[int | None, int | None]]:
    """Parameters and FLOPs for the first stage of each component, None for the others."""
    left = {part.role: (part.parameters, part.flops) for part in cost.costs}
    for stage in stages(model):
        yield left.pop(stage.role, (None, None))


def _read(spec: Path, changes: Sequence[str] = ()) -> tuple[ModelSpec, RunSpec | None]:
    """The model, and the run if the spec is one; the input of a run's model is taken from its data."""
    found = read_spec(spec, Registry.discover(), changes)
    if isinstance(found, ModelSpec):
        return with_words(found), None
    from zoo.data import input_of

    run = with_data(found, input_of(found.data))
    return run.model, run


def _stage(stage: Stage) -> dict[str, Any]:
    return {"stage": stage.name, "component": stage.kind, "shape": dict(stage.shape.axes)}


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _flops(number: int | None) -> str:
    """Four figures and a prefix: 1234567 is 1.235 M."""
    if number is None or number < 1000:
        return _count(number)
    power = min((len(str(number)) - 1) // 3, 5)
    return f"{number / 1000**power:.3f} {'kMGTP'[power - 1]}"
