"""Export the model of a run or a bundle: write it, run it, compare it, time it; only then is the file there."""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from torch import Tensor
from zoo_registry import DataError, DataSpec, SpecError
from zoo_registry.version import version

from zoo.codebook.token_file import require_fit
from zoo.data import Split, prepare
from zoo.evaluation.loaded_run import open_run
from zoo.export.agreement import Agreement, compare
from zoo.export.formats import read, write
from zoo.export.latency import Latency, measure
from zoo.export.predictor import Predictor
from zoo.export.requirements import FormatName, require_packages, require_task
from zoo.export.windows import Windows, noise, real_windows
from zoo.io.files import write_bytes
from zoo.model.assembly import ZooModel
from zoo.runs.folder import RUN_FILE, RunFolder
from zoo.weights.bundle import load
from zoo.weights.manifest import bundle_in, read_manifest
from zoo.weights.tasks import Task

_AXES = {"logits": "k", "x_recon": "c t", "features": "c n d"}
"""Axes of results after `b`; those of tokens are the first of `c n q`."""


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


def export(
    source: str | Path,
    name: FormatName,
    out: Path,
    what: Task | None = None,
    data: DataSpec | None = None,
    moved: Sequence[str] = (),
) -> Exported:
    """Write the model of a run or a bundle to ``out``; an older file is replaced.

    ``what`` is the task of the file; None: its last result. It is checked on validation windows of ``data``, by default
    of the run, whose data may have ``moved``, such as to `data.source.path=PLACE`. Raises ZooError for a model that
    cannot do the task or that the format cannot hold, and for a file that gives other results; ``out`` is then
    unchanged.
    """
    if out.is_dir():
        raise SpecError("--out", "a file", f"the folder {out}", "add a file name such as model.onnx")
    require_packages(name)
    require_task(source, what)
    model, windows, note = _open(source, moved) if data is None else _open_on(source, data)
    predictor = Predictor(model, what)
    # A model without its statistics is refused here.
    facts = _facts(predictor, predictor.named(predictor(windows.x[:1])), read_manifest(bundle_in(source)).sha256)
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


def _open_on(source: str | Path, data: DataSpec) -> tuple[ZooModel, Windows, str]:
    """The model, and validation windows of other data than those of its run."""
    model = load(bundle_in(source))
    require_fit(model, data, str(source))
    return _checked(model, prepare(data).validation)


def _open(source: str | Path, moved: Sequence[str]) -> tuple[ZooModel, Windows, str]:
    """The model on the CPU, windows to check it on, and why these are noise."""
    if not (Path(source) / RUN_FILE).is_file():
        if moved:
            raise SpecError("--set", "a run, whose data moved", "a bundle", "name the run's folder, or leave it out")
        model = load(source)
        return model, noise(model.trace.signal), "a bundle has no data; name its run, or windows with --data"
    try:
        opened = open_run(RunFolder(Path(source)), moved)
    except DataError as error:
        if moved:
            raise
        model = load(bundle_in(source))
        return model, noise(model.trace.signal), str(error)
    return _checked(opened.model.cpu(), opened.data.validation)


def _checked(model: ZooModel, split: Split) -> tuple[ZooModel, Windows, str]:
    if (found := real_windows(split)) is None:
        return model, noise(model.trace.signal), "every validation window has missing samples"
    return model, found, ""


def _facts(predictor: Predictor, results: Mapping[str, Tensor], weights: str) -> dict[str, Any]:
    """What a user of the file needs to know, as plain data; unknown facts are left out."""
    spec, trace = predictor.model.spec, predictor.model.trace
    unknown = {"channels", "channel_names"} if spec.channelwise else set()
    if "logits" not in results:
        unknown |= {"classes", "class_names"}
    known = {} if spec.input is None else spec.input.model_dump(mode="json", exclude_none=True, exclude=unknown)
    if "codes" in results and trace.codes is not None:
        known["k"] = trace.codes["k"]
    free = {"c"} if spec.channelwise else set()
    sizes = _batched(trace.signal.layout, trace.signal.sizes, free)
    output = {name: _batched(_AXES.get(name, "c n q"), value.shape[1:], free) for name, value in results.items()}
    return known | {
        "input": f"x {sizes} float32, any {' and '.join(['b', *free])}, no missing samples",
        "output": {name: f"{axes} {str(results[name].dtype).removeprefix('torch.')}" for name, axes in output.items()},
        "zoo": version(),
        "sha256": weights,
    }


def _batched(layout: str, sizes: Sequence[int], free: Set[str]) -> str:
    """Such as `(b, c=3, t=500)`, or `(b, c, t=500)` if the number of channels is free."""
    axes = (axis if axis in free else f"{axis}={size}" for axis, size in zip(layout.split(), sizes, strict=False))
    return f"({', '.join(['b', *axes])})"
