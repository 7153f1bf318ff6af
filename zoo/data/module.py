"""Batches of a data set for Lightning's trainer."""

import warnings
from dataclasses import replace
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from lightning.pytorch.overrides.distributed import UnrepeatedDistributedSampler
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler
from zoo_registry import RunSpec

from zoo.data.prepare import prepare
from zoo.data.split import DataSet, Split
from zoo.notes import ZooNote
from zoo.protocol import UPPER_BOUND


class Batch(NamedTuple):
    """Windows `x (b c t)` float32 in the data's units, 0 where unobserved; `mask (b c t)`, True = observed, None =
    everywhere; class indices `y (b)` int64; and `index (b)`, each window's position in its split."""

    x: Tensor
    mask: Tensor | None
    y: Tensor
    index: Tensor  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a batch


class SplitDataset(Dataset[Batch]):
    """A split read a batch at a time."""

    def __init__(self, split: Split) -> None:
        self.split = split

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, index: int) -> Batch:
        """A batch of one."""
        return self.__getitems__([index])

    def __getitems__(self, indices: list[int]) -> Batch:
        """One batch; the loader's fetcher prefers this to single windows."""
        rows = np.asarray(indices, dtype=np.intp)
        x, mask = self.split.read(rows)
        mask_or_none = None if mask is None else torch.from_numpy(mask)
        return Batch(torch.from_numpy(x), mask_or_none, torch.from_numpy(self.split.y[rows]), torch.from_numpy(rows))


class ZooData(L.LightningDataModule):
    """Loaders of the three splits of ``data``.

    Training windows come in an order that is a function of ``seed`` and the epoch alone, which Lightning's trainer
    tells the sampler: a resumed run goes on as an undisturbed one. A last training batch of one window is left out,
    as batch-norm cannot learn from it. Validation and test give every window once, in order. Over several processes
    each takes its share.
    """

    def __init__(self, data: DataSet, batch: int, seed: int, judge_batch: int = 256, workers: int = 0) -> None:
        super().__init__()
        self.data = data
        self.batch = batch
        self.seed = seed
        self.judge_batch = judge_batch
        self.workers = workers

    def train_dataloader(self) -> DataLoader[Batch]:
        windows = SplitDataset(self.data.train)
        world, rank = self._place()
        order: DistributedSampler[Batch] = DistributedSampler(
            windows, num_replicas=world, rank=rank, shuffle=True, seed=self.seed
        )
        lonely = len(order) > self.batch and len(order) % self.batch == 1
        return DataLoader(
            windows, self.batch, sampler=order, collate_fn=_as_it_is, num_workers=self.workers, drop_last=lonely
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        return self.in_order(self.data.validation)

    def test_dataloader(self) -> DataLoader[Batch]:
        return self.in_order(self.data.test)

    def in_order(self, split: Split) -> DataLoader[Batch]:
        """Every window of ``split`` once, in order."""
        windows = SplitDataset(split)
        world, rank = self._place()
        order = UnrepeatedDistributedSampler(windows, num_replicas=world, rank=rank, shuffle=False)
        return DataLoader(windows, self.judge_batch, sampler=order, collate_fn=_as_it_is, num_workers=self.workers)

    def _place(self) -> tuple[int, int]:
        """Processes that share the work, and which of them this is."""
        trainer = self.trainer
        return (trainer.world_size, trainer.global_rank) if trainer is not None else (1, 0)


def _as_it_is(fetched: Any) -> Any:
    return fetched


def load_data(run: RunSpec) -> ZooData:
    """The loaders that ``run`` asks for; raises DataError when its data are refused.

    Under the paper protocol the test split takes the place of the validation split; the training split, and with it
    the fingerprint, stays what it is under the honest one. Warns with ZooNote of that, and where training and test
    share subjects.
    """
    data = prepare(run.data)
    if run.evaluation.protocol == "paper":
        warnings.warn(UPPER_BOUND, ZooNote, stacklevel=2)
        data = replace(data, validation=data.test)
    if data.shared_subjects:
        people = f"{len(data.shared_subjects)} subjects"
        warnings.warn(f"training and test share {people}: scores say nothing about new people", ZooNote, stacklevel=2)
    return ZooData(data, run.training.batch, run.training.seed, run.evaluation.batch)
