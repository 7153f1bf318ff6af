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

    Training windows come in an order that is a function of ``seed`` and the epoch alone, which Lightning's trainer
    tells the sampler: a resumed run goes on as an undisturbed one. A last training batch of one window is left out,
    as batch-norm cannot learn from it. Validation and test give every window once, in order.

    Over several processes each reads its share, no window twice. In training process r of w takes windows r, r + w, …
    of the order, so that their batches together are those of one process with batches w times as large; fewer than w
    windows are left out, others in each epoch. In validation and test the numbers of batches are equal, so that
    processes may wait for each other in each.

    With ``turn`` training windows come with copies turned by so many degrees, and are then `learned`; ``data`` itself,
    and with it statistics and judges, stays as it is.

    With ``workers`` as many processes for each loader read batches ahead; ``pinned`` ones can be copied to a GPU while
    it works.
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
        """Windows that models learn from."""

    def train_dataloader(self) -> DataLoader[Batch]:
        windows = SplitDataset(self.learned)
        world, place = self._place()
        order: DistributedSampler[int] = DistributedSampler(
            windows, num_replicas=world, rank=place, shuffle=True, seed=self.seed, drop_last=True
        )
        lonely = world == 1 and len(order) > self.batch and len(order) % self.batch == 1
        return self._loader(windows, BatchSampler(order, self.batch, drop_last=lonely))

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
        """Processes that share the work, and which of them this is."""
        return world_size(), rank()


def _as_it_is(fetched: Any) -> Any:
    return fetched


def load_data(run: RunSpec, pinned: bool = False) -> ZooData:
    """The loaders that ``run`` asks for; raises and warns as ``load_set`` does. The first process reads for all."""
    training, data = run.training, load_set(run, once)
    return ZooData(
        data, training.batch, training.seed, run.evaluation.batch, run.trainer.workers, pinned, training.turn
    )
