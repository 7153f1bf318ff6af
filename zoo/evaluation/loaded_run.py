"""A trained run loaded for evaluation: its spec, its bundle, and its data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from zoo_registry import DataError, Registry, RunSpec, SpecError

from zoo.data.batch import Batch, batches
from zoo.data.split import DataSet, Rows, Split
from zoo.hub.download import pin
from zoo.model.assembly import ZooModel
from zoo.runs.data import load_set
from zoo.runs.folder import RunFolder
from zoo.runs.folds import own_data
from zoo.specs.read import read_run
from zoo.weights.bundle import load

SplitName = Literal["test", "validation"]
AnySplit = Literal["train", "validation", "test"]
_PLACE = "data.source."


@dataclass(frozen=True)
class LoadedRun:
    """A finished run: ``model`` in evaluation mode, on a GPU if there is one, and the data it was trained on.

    ``stamp`` is stored with all measurements: the run may continue to train meanwhile and replace its bundle.
    """

    folder: RunFolder
    run: RunSpec
    model: ZooModel
    data: DataSet
    stamp: dict[str, str | None]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes by index."""
        return self.data.classes

    def split(self, name: AnySplit) -> Split:
        """The windows of one split."""
        splits = {"train": self.data.train, "validation": self.data.validation, "test": self.data.test}
        return splits[name]

    def batches(self, name: AnySplit) -> Iterator[Batch]:
        """Every window of a split once, in order, on the device of the model."""
        return self.read(name, np.arange(len(self.split(name))))

    def read(self, name: AnySplit, rows: Rows) -> Iterator[Batch]:
        """The windows of a split at ``rows``, in batches of the size in the run's evaluation spec."""
        return batches(self.split(name), rows, self.run.evaluation.batch, self.model.device)


def open_run(folder: RunFolder, changes: Sequence[str] = ()) -> LoadedRun:
    """The finished run in ``folder``, on a GPU if there is one.

    ``changes`` give the new location of its data, such as `data.source.path=PLACE`. Its models on a hub stay those of
    its training. Raises ZooError when there is no finished run, or when the data are not those it was trained on.
    """
    stored = folder.read()
    pin(folder.commits())
    run = _run(stored["run"], changes)
    # Before the weights: if they are replaced in between, the measurements count as those of older weights.
    stamp = folder.stamp()
    model = load(folder.bundle).eval()
    data = own_data(folder, _data(run, bool(changes)))
    if not data.has(stored["fingerprint"]):
        found = "other data there" if changes else "other data under the same path"
        hint = "restore the data, or give their location with --set data.source.path=PLACE"
        raise DataError(str(folder.run_file), "the data it was trained on", found, hint)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return LoadedRun(folder, run, model.to(device), data, stamp)


def _run(stored: dict[str, Any], changes: Sequence[str]) -> RunSpec:
    for change in changes:
        if not change.startswith(_PLACE):
            hint = "other fields cannot change after training; train another run instead"
            raise SpecError(
                f"--set {change}", f"a field of {_PLACE[:-1]}, the location of its data", "another field", hint
            )
    return read_run(stored, Registry.discover(), changes)


def _data(run: RunSpec, moved: bool) -> DataSet:
    try:
        return load_set(run)
    except DataError as error:
        place = run.data.source.place
        if moved or place is None or place.exists():
            raise
        hint = "give the present location of its data: --set data.source.path=PLACE"
        raise DataError(error.where, error.expected, error.found, hint) from None
