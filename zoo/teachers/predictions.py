"""What a teacher says about every training window: computed once per run, and kept in the run's folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from zoo_registry import DataError, SpecError

from zoo.contracts import Output, gram, required
from zoo.data.batch import Batch, batches
from zoo.data.split import DataSet, Rows, Split
from zoo.io.files import new_file
from zoo.model.assembly import ZooModel
from zoo.teachers.kept import keep, read_kept
from zoo.teachers.logits_file import Logits
from zoo.teachers.model_logits import model_logits
from zoo.teachers.teacher import Teacher

LARGEST_MAPS = 2**30
"""Bytes that the similarity maps of one teacher may take: about 9,400 windows at three stages."""

_FEATURES = 2**29
"""Bytes of features held at a time while maps are computed."""

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """A teacher's logits of the n training windows, `(n k)`, and of the validation windows if known.

    ``logits`` are those to imitate; ``evidence`` those by which the teacher is weighed, out-of-fold where the teacher
    has such. ``maps (s n n)`` are the inner products of its features at s stages, memory-mapped, and None if they were
    not asked for or are too large; ``model`` then computes them batch by batch.
    """

    name: str
    logits: Tensor
    evidence: Tensor
    validation: Tensor | None
    unseen: bool
    maps: Maps | None = None
    model: ZooModel | None = None

    def grams(self, batch: Batch) -> list[Tensor]:
        """The inner products at each stage for the windows of ``batch``, `(b b)` each, on its device."""
        if self.maps is not None:
            rows = batch.index.cpu().numpy()
            return [torch.from_numpy(stage[rows[:, None], rows]).to(batch.x.device) for stage in self.maps]
        model = required(self.model, "teacher", "compare features")
        return [gram(part.float()) for part in features(model.to(batch.x.device), batch)]


@torch.no_grad()
def features(model: ZooModel, batch: Batch) -> tuple[Tensor, ...]:
    """The features of the head for one batch, `(b ...)` each, in float32 whatever the precision of the training."""
    with torch.autocast(batch.x.device.type, enabled=False):
        output: Output = model(batch.x.float(), batch.mask, taps=True)
    return output.features


def predict(teacher: Teacher, data: DataSet, learned: Split, folder: Path, maps: bool, size: int) -> None:
    """Write the predictions of ``teacher`` for the windows ``learned`` into ``folder``, unless they are there already.

    ``size`` windows are read at a time, on a GPU if there is one. Raises DataError for a window whose logits are not
    finite, and SpecError if maps that must be kept are too large.
    """
    key = _key(teacher, data, learned)
    where, file = f"teachers.{teacher.name}", folder / f"{teacher.name}.npz"
    if teacher.model is not None and torch.cuda.is_available():
        teacher.model.to("cuda")
    if read_kept(file, key) is None:
        try:
            found = _logits(teacher, data, learned, size)
        except DataError as error:
            raise DataError(f"{where}: {error.where}", error.expected, error.found, error.hint) from None
        keep(file, key, found)
    if maps and teacher.model is not None and _maps_fit(where, teacher, learned):
        target = _maps_file(folder, teacher.name, key)
        if not target.is_file():
            for old in folder.glob(f"{teacher.name}-maps-*.npy"):
                old.unlink()
            _write_maps(teacher.model, learned, target, size)


def read_predictions(teacher: Teacher, data: DataSet, learned: Split, folder: Path, maps: bool) -> Predictions:
    """What ``predict`` has written for ``teacher``."""
    key = _key(teacher, data, learned)
    stored = read_kept(folder / f"{teacher.name}.npz", key)
    assert stored is not None
    own = torch.from_numpy(stored["train"])
    unseen = own if teacher.unseen is None else torch.from_numpy(teacher.unseen.train)
    if not len(own) == len(unseen) == len(learned):
        expected = f"null, as logits of {teacher.name} are stored for the windows themselves"
        raise SpecError("training.turn", expected, "rotated copies", f"remove it, or {teacher.name} from teachers")
    imitated = unseen if teacher.spec.logits == "out-of-fold" else own
    file = _maps_file(folder, teacher.name, key)
    return Predictions(
        teacher.name,
        imitated,
        unseen,
        torch.from_numpy(stored["validation"]) if "validation" in stored else None,
        teacher.unseen is not None,
        np.load(file, mmap_mode="r") if maps and file.is_file() else None,
        teacher.model if maps else None,
    )


def _key(teacher: Teacher, data: DataSet, learned: Split) -> str:
    turns = "" if learned.turns is None else sha256(learned.turns.tobytes()).hexdigest()
    return json.dumps([teacher.mark, data.fingerprint, len(learned), turns])


def _logits(teacher: Teacher, data: DataSet, learned: Split, size: int) -> dict[str, Logits]:
    if teacher.model is None:
        file = required(teacher.file, "teacher", "predict")
        return {"train": file.train} | ({} if file.validation is None else {"validation": file.validation})
    return {
        "train": model_logits(teacher.model, learned, size),
        "validation": model_logits(teacher.model, data.validation, size),
    }


def _read(model: ZooModel, split: Split, size: int) -> Iterator[Batch]:
    return batches(split, np.arange(len(split)), size, model.device)


def _maps_file(folder: Path, name: str, key: str) -> Path:
    """The file of its maps, whose name has a hash of the key: a memory-mapped array has no room for it."""
    return folder / f"{name}-maps-{sha256(key.encode()).hexdigest()[:16]}.npy"


def _maps_fit(where: str, teacher: Teacher, learned: Split) -> bool:
    model = required(teacher.model, "teacher", "compare features")
    stages, windows = len(model.spec.taps()), len(learned)
    needed = 4 * stages * windows**2
    if needed > LARGEST_MAPS and teacher.spec.cache == "gram":
        most = int((LARGEST_MAPS / 4 / stages) ** 0.5)
        hint = "set cache: auto, which computes them batch by batch"
        raise SpecError(f"{where}.cache", f"at most {most:,} training windows to keep maps", f"{windows:,}", hint)
    return teacher.spec.cache != "logits" and needed <= LARGEST_MAPS


@torch.no_grad()
def _write_maps(model: ZooModel, split: Split, target: Path, size: int) -> None:
    """All inner products at every stage. Features of a part of the windows are held at a time, and computed again for
    each later part: together they may be larger than memory."""
    windows = len(split)
    first = features(model, next(_read(model, split, 2)))
    width = sum(part[0].numel() for part in first)
    part = max(size, _FEATURES // (4 * width) // size * size)
    with new_file(target) as file:
        found = np.zeros((len(first), windows, windows), np.float32)
        for start in range(0, windows, part):
            rows = np.arange(start, min(start + part, windows))
            held = _features(model, split, rows, size)
            _fill(found, held, held, rows, rows)
            for later in range(start + part, windows, size):
                columns = np.arange(later, min(later + size, windows))
                _fill(found, held, _features(model, split, columns, size), rows, columns)
        np.save(file, found)


def _features(model: ZooModel, split: Split, rows: Rows, size: int) -> list[Tensor]:
    """Flattened features of the windows at ``rows``, one `(r f)` per stage."""
    read = [features(model, batch) for batch in batches(split, rows, size, model.device)]
    return [torch.cat([one.float().flatten(1) for one in stage]) for stage in zip(*read, strict=True)]


def _fill(found: Maps, here: list[Tensor], there: list[Tensor], rows: Rows, columns: Rows) -> None:
    for stage, (own, other) in enumerate(zip(here, there, strict=True)):
        block = (own @ other.T).cpu().numpy()
        found[stage, rows[:, None], columns] = block
        found[stage, columns[:, None], rows] = block.T
