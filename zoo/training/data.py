"""Batches of a data set for Lightning's trainer."""

from typing import Any

import lightning as L
import numpy as np
from torch.utils.data import BatchSampler, DataLoader, Dataset, DistributedSampler, Sampler
from zoo_registry import RunSpec

from zoo.contracts.processes import once, rank, world_size
from zoo.data.batch import Batch, read_batch
from zoo.data.split import DataSet, Split
from zoo.data.turning import with_turned
from zoo.runs.data import load_set


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
        return read_batch(self.split, np.asarray(indices, dtype=np.intp))


class ZooData(L.LightningDataModule):
    """Loaders of the three splits of ``data``.

    The order of training windows depends only on ``seed`` and the epoch, which Lightning's trainer passes to the
    sampler, so a resumed run continues exactly like an uninterrupted one. A last training batch of one window is left
    out, because batch norm cannot train on it. Validation and test read every window once, in order.

    With several processes each reads its share, no window twice. In training, process r of w reads windows r, r + w, …
    of the order, so that the batches of all processes together equal those of one process with batches w times as
    large. Fewer than w windows are left out, different ones in each epoch. In validation and test all processes have
    the same number of batches, so that they can synchronise in each.

    With ``turn``, copies rotated by ``turn`` degrees are added to the training windows, which together are `learned`;
    ``data`` itself, and so statistics and judges, do not change.

    With ``workers``, each loader prefetches batches in that many processes; ``pinned`` batches can be copied to a GPU
    asynchronously.
    """

    def __init__(
        self,
        data: DataSet,
        batch: int,
        seed: int,
        judge_batch: int = 256,
        workers: int = 0,
        pinned: bool = False,
        turn: float | None = None,
    ) -> None:
        super().__init__()
        self.data = data
        self.batch = batch
        self.seed = seed
        self.judge_batch = judge_batch
        self.workers = workers
        self.pinned = pinned
        self.learned = data.train if turn is None else with_turned(data.train, turn, seed)
        """Windows that models are trained on."""

    def train_dataloader(self) -> DataLoader[Batch]:
        windows = SplitDataset(self.learned)
        world, place = self._place()
        order: DistributedSampler[int] = DistributedSampler(
            windows, num_replicas=world, rank=place, shuffle=True, seed=self.seed, drop_last=True
        )
        single_last = world == 1 and len(order) > self.batch and len(order) % self.batch == 1
        return self._loader(windows, BatchSampler(order, self.batch, drop_last=single_last))

    def val_dataloader(self) -> DataLoader[Batch]:
        return self.in_order(self.data.validation)

    def test_dataloader(self) -> DataLoader[Batch]:
        return self.in_order(self.data.test)

    def in_order(self, split: Split) -> DataLoader[Batch]:
        """Every window of ``split`` once, in order."""
        world, place = self._place()
        rows = np.arange(place, len(split), world)
        steps = -(-len(split) // (world * self.judge_batch))
        share = [part.tolist() for part in np.array_split(rows, max(steps, 1))]
        return self._loader(SplitDataset(split), share)

    def _loader(self, windows: SplitDataset, groups: Sampler[list[int]] | list[list[int]]) -> DataLoader[Batch]:
        return DataLoader(
            windows,
            batch_sampler=groups,
            collate_fn=_as_it_is,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=self.pinned,
        )

    def _place(self) -> tuple[int, int]:
        """Number of processes that share the work, and the rank of this one."""
        return world_size(), rank()


def _as_it_is(fetched: Any) -> Any:
    return fetched


def data_of(trainer: L.Trainer) -> ZooData:
    """The data that ``trainer`` fits."""
    data = trainer.datamodule  # type: ignore[attr-defined]  # set by fit(datamodule=…)
    assert isinstance(data, ZooData)
    return data


def load_data(run: RunSpec, pinned: bool = False, data: DataSet | None = None) -> ZooData:
    """The loaders for ``run``, of ``data`` or else of those in its spec; raises and warns like ``load_set``.

    The first process reads for all.
    """
    training = run.training
    read = load_set(run, once) if data is None else data
    return ZooData(
        read, training.batch, training.seed, run.evaluation.batch, run.trainer.workers, pinned, training.turn
    )
