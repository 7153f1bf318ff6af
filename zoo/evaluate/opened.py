"""A trained run opened to be judged: its spec, its bundle, and the data it was trained on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from lightning.fabric.utilities import move_data_to_device
from zoo_registry import DataError, Registry, RunSpec

from zoo.assembly import ZooModel
from zoo.data.module import Batch, ZooData, load_data
from zoo.data.split import Split
from zoo.run_folder import RunFolder
from zoo.weights.bundle import load

SplitName = Literal["test", "validation"]
AnySplit = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Opened:
    """A finished run: ``model`` in evaluation mode on ``device``, ``data`` with the fingerprint it was trained on."""

    folder: RunFolder
    run: RunSpec
    model: ZooModel
    data: ZooData
    fingerprint: str
    device: torch.device

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes by index."""
        return self.data.data.classes

    def split(self, name: AnySplit) -> Split:
        """The windows of one split."""
        splits = {"train": self.data.data.train, "validation": self.data.data.validation, "test": self.data.data.test}
        return splits[name]

    def batches(self, name: AnySplit) -> Iterator[Batch]:
        """Every window of a split once, in order, on the device of the model."""
        for batch in self.data.in_order(self.split(name)):
            yield move_data_to_device(batch, self.device)


def open_run(folder: RunFolder) -> Opened:
    """The finished run in ``folder``, on a GPU where there is one.

    Raises ZooError when there is no finished run, or when the data are not those it was trained on.
    """
    stored = folder.read()
    run = Registry.discover().run(stored["run"])
    model = load(folder.bundle).eval()
    data = load_data(run)
    if data.data.fingerprint != stored["fingerprint"]:
        raise DataError(
            str(folder.run_file), "the data it was trained on", "other data under the same path", "restore the data"
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Opened(folder, run, model.to(device), data, stored["fingerprint"], device)
