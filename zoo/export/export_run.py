"""Export the model of a run or a bundle: write it, run it, compare it, time it; only then is the file there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from zoo_registry import DataError, Shape, SpecError
from zoo_registry.version import version

from zoo.evaluation.loaded_run import open_run
from zoo.export.agreement import Agreement, compare
from zoo.export.formats import read, write
from zoo.export.latency import Latency, measure
from zoo.export.predictor import Predictor
from zoo.export.requirements import FormatName, require_packages
from zoo.export.windows import Windows, noise, real_windows
from zoo.io.files import write_bytes
from zoo.model.assembly import ZooModel
from zoo.runs.folder import RUN_FILE, RunFolder
from zoo.weights.bundle import load
from zoo.weights.manifest import bundle_in, read_manifest


class Exported(BaseModel, frozen=True):
    """A file of ``size`` bytes that was written, checked and timed.

    ``facts`` are those stored in it. ``note`` says why it was not checked on real windows, or is empty.
    """

    file: Path
    format: FormatName
    size: int
    parameters: int
    facts: dict[str, Any]
    agreement: Agreement
    latency: list[Latency]
    note: str = ""


def export(source: str | Path, name: FormatName, out: Path, moved: Sequence[str] = ()) -> Exported:
    """Write the model of a run or a bundle to ``out``; an older file is replaced.

    ``moved`` is the new location of a run's data, such as `data.source.path=PLACE`. Raises ZooError for a model that
    the format cannot hold, or whose file gives other results; ``out`` is then unchanged.
    """
    if out.is_dir():
        raise SpecError("--out", "a file", f"the folder {out}", "add a file name such as model.onnx")
    require_packages(name)
    model, windows, note = _open(source, moved)
    predictor = Predictor(model)
    predictor(windows.x[:1])  # a model without its statistics is refused
    facts = _facts(predictor, read_manifest(bundle_in(source)).sha256)
    content = write(name, predictor, facts)
    run = read(name, content)
    agreement = compare(predictor, run, windows)
    latency = measure(predictor, run, windows.x)
    write_bytes(out, content)
    return Exported(
        file=out,
        format=name,
        size=len(content),
        parameters=predictor.parameters_in_all,
        facts=facts,
        agreement=agreement,
        latency=latency,
        note=note,
    )


def _open(source: str | Path, moved: Sequence[str]) -> tuple[ZooModel, Windows, str]:
    """The model on the CPU, windows to check it on, and why these are noise."""
    if not (Path(source) / RUN_FILE).is_file():
        if moved:
            raise SpecError("--set", "a run, whose data moved", "a bundle", "name the run's folder, or leave it out")
        model = load(source)
        return model, noise(model.trace.signal), "a bundle has no data; give the folder of its run"
    try:
        opened = open_run(RunFolder(Path(source)), moved)
    except DataError as error:
        if moved:
            raise
        model = load(bundle_in(source))
        return model, noise(model.trace.signal), str(error)
    model = opened.model.cpu()
    if (found := real_windows(opened.data.validation)) is None:
        return model, noise(model.trace.signal), "every validation window has missing samples"
    return model, found, ""


def _facts(predictor: Predictor, weights: str) -> dict[str, Any]:
    """What a user of the file needs to know, as plain data; unknown facts are left out."""
    given = predictor.model.spec.input
    known = {} if given is None else given.model_dump(mode="json", exclude_none=True)
    return known | {
        "input": f"x {_batched(predictor.model.trace.signal)} float32, any b, no missing samples",
        "output": f"{predictor.result} {_batched(predictor.shape)} float32",
        "zoo": version(),
        "sha256": weights,
    }


def _batched(shape: Shape) -> str:
    return f"(b, {str(shape).removeprefix('(')}"
