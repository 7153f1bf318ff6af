"""A token file: a whole data set as codes with their attributes, written batch by batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor
from zoo_registry import DataError, DataSpec, Registry, ShapeError, SpecError

from zoo.contracts import CodedOutput, observed
from zoo.data import DataSet, Split, input_of, prepare
from zoo.data.split import Rows
from zoo.io.npz import NpzStream, new_npz, require_npz
from zoo.model.assembly import ZooModel
from zoo.model.coded import CodedModel
from zoo.process.bar import Seen
from zoo.specs.read import Source, read_data
from zoo.weights.bundle import load
from zoo.weights.manifest import bundle_in

SplitChoice = Literal["all", "train", "validation", "test"]
Array = NDArray[Any]

_BATCH = 64


@dataclass(frozen=True)
class TokenFile:
    """Summary of the file: windows by split, number of codes per level, shape and type of every array."""

    path: Path
    windows: Mapping[str, int]
    codes: int
    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]
    fingerprint: str


def tokenize(
    bundle: str | Path,
    data: DataSpec | Source,
    out: str | Path,
    split: SplitChoice = "all",
    seen: Seen | None = None,
) -> TokenFile:
    """Encode a data set with the model of a bundle or a run, and write the codes; an older file is replaced.

    ``bundle`` may also be the name or the address of a model. ``np.load(out)`` reads the file; memory use is that of a
    batch. Raises ZooError when the bundle or the data are refused, and OSError when the file cannot be written.
    """
    target = Path(out)
    require_npz(target, "tokens")
    spec = data if isinstance(data, DataSpec) else read_data(data, Registry.discover())
    model = load(bundle_in(bundle))
    _require_codes(model, str(bundle))
    require_fit(model, spec, str(bundle))
    return write_tokens(model, prepare(spec), target, split, seen)


@torch.no_grad()
def write_tokens(
    model: ZooModel,
    data: DataSet,
    target: Path,
    split: SplitChoice = "all",
    seen: Seen | None = None,
    batch: int = _BATCH,
) -> TokenFile:
    """The same for a model in evaluation mode and a prepared data set, ``batch`` windows at a time."""
    coded = CodedModel(model)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    splits = [part for part in (data.train, data.validation, data.test) if split in ("all", part.name)]
    total, done = sum(map(len, splits)), 0
    with new_npz(target) as stream:
        _put_facts(stream, data, coded.size)
        names = _names(splits)
        for part, rows in _batches(splits, batch):
            found = _encode(coded, part, rows, batch, device)
            stream.append(token_arrays(found, len(rows), coded.size) | _windows(part, rows, names))
            done += len(rows)
            if seen is not None:
                seen(done, total)
    windows = {part.name: len(part) for part in splits}
    dtypes = {name: str(dtype) for name, dtype in stream.dtypes.items()}
    return TokenFile(target, windows, coded.size, stream.shapes, dtypes, data.fingerprint)


def _batches(splits: Sequence[Split], batch: int) -> Iterator[tuple[Split, Rows]]:
    for part in splits:
        for start in range(0, len(part), batch):
            yield part, np.arange(start, min(start + batch, len(part)))


def _encode(model: CodedModel, part: Split, rows: Rows, batch: int, device: torch.device) -> CodedOutput:
    # Padded with the last window: rounding, and so the nearest code, may depend on the batch size.
    x, mask = part.read(np.pad(rows, (0, batch - len(rows)), mode="edge"))
    seen = None if mask is None else torch.from_numpy(mask).to(device)
    return model.encode(torch.from_numpy(x).to(device), seen)


def _put_facts(stream: NpzStream, data: DataSet, size: int) -> None:
    """Write the global arrays: class names, number of codes, and the fingerprint of the data."""
    stream.put("classes", np.array(data.classes))
    stream.put("k", np.array(size))
    stream.put("fingerprint", np.array(data.fingerprint))


def token_arrays(output: CodedOutput, count: int, size: int) -> dict[str, Array]:
    """Codes, below ``size``, and attributes of the first ``count`` windows, as arrays of a token file."""
    found = {name: value[:count].cpu().numpy() for name, value in token_tensors(output).items()}
    return found | {"codes": found["codes"].astype(np.min_scalar_type(size - 1))}


def token_tensors(output: CodedOutput) -> dict[str, Tensor]:
    """Codes `(b c n q)`, ``real`` and attributes `(b c n)` and the scale `(b c)`, by their names in a token file."""
    codes = output.quantized.codes
    found: dict[str, Tensor] = dict(output.attributes)
    if output.scale is not None:
        found |= {name: value.squeeze(-1) for name, value in output.scale._asdict().items()}
    return {
        "codes": codes,
        "real": observed(output.tokens.mask, codes[..., 0]),
        **{name: value.float() for name, value in found.items()},
    }


def _windows(part: Split, rows: Rows, names: Mapping[str, DTypeLike]) -> dict[str, Array]:
    """Metadata of some windows."""
    columns = {"subject": part.subject, "group": part.group}
    known = {name: column for name, column in columns.items() if column is not None and name in names}
    return {
        "y": part.y[rows].astype(np.int64),
        "split": np.full(len(rows), part.name, "<U10"),
        "row": part.rows[rows].astype(np.int64),
        **{name: column[rows].astype(names[name]) for name, column in known.items()},
    }


def _names(splits: Sequence[Split]) -> dict[str, DTypeLike]:
    """NumPy types that hold the subjects and the groups of every split, if all splits have them."""
    columns = {"subject": [part.subject for part in splits], "group": [part.group for part in splits]}
    known = {name: [c for c in column if c is not None] for name, column in columns.items()}
    return {name: np.result_type(*column) for name, column in known.items() if len(column) == len(splits)}


def _require_codes(model: ZooModel, bundle: str) -> None:
    if model.trace.codes is None:
        hint = "use the bundle of a model with one; `zoo list quantizer` shows the kinds"
        raise SpecError(bundle, "a model with a quantizer", "none", hint)


def require_fit(model: ZooModel, spec: DataSpec, bundle: str) -> None:
    """Raise ZooError unless the model reads such data."""
    signal = model.trace.signal
    if signal.layout != "c t":
        raise SpecError(bundle, "a model that reads series", "one that reads ready-made images", "use another bundle")
    found = input_of(spec)
    if found.length != signal["t"]:
        hint = f'add "length": {{"to": {signal["t"]}}} to data, or --set data.length.to={signal["t"]}'
        raise ShapeError("data.length", f"{signal['t']} samples, as {bundle} reads", f"{found.length}", hint)
    if found.channels != signal["c"] and not model.spec.channelwise:
        hint = "use a model trained on such data, or one whose parts all take channels one by one"
        raise DataError("data", f"{signal['c']} channels, as {bundle} reads", f"{found.channels}", hint)
