"""Batches: typed, complete, in an order that depends only on seed and epoch, also through Lightning's own trainer."""

import pickle
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pytest
import torch
from toy_sets import Write
from zoo_data import NpySource
from zoo_registry import EvaluationSpec, ModelSpec, RunSpec, TrainingSpec
from zoo_registry.data import DataSpec, LengthSpec
from zoo_wrn import WideResNetSignal

from zoo.data import DataSet, prepare
from zoo.data.batch import Batch
from zoo.training.data import SplitDataset, ZooData, load_data


@pytest.fixture
def data(write_npy: Write) -> DataSet:
    return prepare(DataSpec(source=NpySource(path=str(write_npy()), layout="c t")))


def order(loaders: ZooData, epoch: int) -> list[int]:
    loader = loaders.train_dataloader()
    loader.batch_sampler.sampler.set_epoch(epoch)
    return [int(index) for batch in loader for index in batch.index]


def test_batches_are_float32_with_int64_labels(data: DataSet) -> None:
    batch = next(iter(ZooData(data, batch=4, seed=0).train_dataloader()))
    assert isinstance(batch, Batch)
    assert (batch.x.dtype, batch.y.dtype, batch.index.dtype) == (torch.float32, torch.int64, torch.int64)
    assert batch.x.shape == (4, 3, 20)
    assert batch.mask is None
    x, _ = data.train.read(batch.index.numpy())
    np.testing.assert_array_equal(batch.x.numpy(), x)
    np.testing.assert_array_equal(batch.y.numpy(), data.train.y[batch.index.numpy()])


def test_padded_batches_carry_their_mask(write_npy: Write) -> None:
    source = NpySource(path=str(write_npy()), layout="c t")
    padded = prepare(DataSpec(source=source, length=LengthSpec(to=32, method="pad")))
    batch = next(iter(ZooData(padded, batch=4, seed=0).val_dataloader()))
    assert batch.mask is not None
    assert batch.mask.dtype == torch.bool
    assert batch.mask[..., :20].all()
    assert not batch.mask[..., 20:].any()


def test_the_order_of_training_is_a_function_of_seed_and_epoch(data: DataSet) -> None:
    loaders = ZooData(data, batch=4, seed=3)
    assert order(loaders, 5) == order(ZooData(data, batch=4, seed=3), 5)
    assert order(loaders, 5) != order(loaders, 6)
    assert order(loaders, 5) != order(ZooData(data, batch=4, seed=8), 5)
    assert sorted(order(loaders, 5)) == list(range(len(data.train)))


@pytest.mark.parametrize("batch", [1, 3, 7, 18, 19, 50])
def test_only_a_single_last_training_window_is_left_out(data: DataSet, batch: int) -> None:
    size = len(data.train)
    loader = ZooData(data, batch=batch, seed=0).train_dataloader()
    sizes = [len(one.y) for one in loader]
    lonely = batch > 1 and size > batch and size % batch == 1
    assert sum(sizes) == size - lonely
    assert len(loader) == len(sizes)
    assert batch == 1 or min(sizes) > 1


@pytest.mark.parametrize("judge_batch", [1, 4, 5, 11, 100])
def test_validation_and_test_give_every_window_once_in_order(data: DataSet, judge_batch: int) -> None:
    loaders = ZooData(data, batch=4, seed=0, judge_batch=judge_batch)
    for loader, split in ((loaders.val_dataloader(), data.validation), (loaders.test_dataloader(), data.test)):
        assert torch.cat([batch.index for batch in loader]).tolist() == list(range(len(split)))


def test_worker_processes_give_the_same_batches(data: DataSet) -> None:
    alone, helped = (
        [batch.x for batch in ZooData(data, 5, seed=1, workers=workers).train_dataloader()] for workers in (0, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(alone, helped, strict=True))


def test_batches_are_pinned_for_a_gpu(data: DataSet) -> None:
    for pinned in (False, True):
        loaders = ZooData(data, 5, seed=1, pinned=pinned)
        found = (loaders.train_dataloader(), loaders.val_dataloader(), loaders.test_dataloader())
        assert {loader.pin_memory for loader in found} == {pinned}


def test_a_split_can_be_pickled(data: DataSet) -> None:
    again = pickle.loads(pickle.dumps(SplitDataset(data.train)))
    assert torch.equal(again[3].x, SplitDataset(data.train)[3].x)


def test_several_processes_share_the_windows(data: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    loaders = ZooData(data, batch=4, seed=0)
    train: list[int] = []
    test: list[int] = []
    for rank in range(3):
        monkeypatch.setattr(loaders, "_place", lambda rank=rank: (3, rank))
        train += order(loaders, 0)
        test += [int(index) for batch in loaders.test_dataloader() for index in batch.index]
    assert len(set(train)) == len(train) == len(data.train) // 3 * 3
    assert sorted(test) == list(range(len(data.test)))


def test_a_run_spec_sets_how_data_are_batched(write_npy: Write) -> None:
    run = RunSpec(
        model=ModelSpec(head=WideResNetSignal()),
        data=DataSpec(source=NpySource(path=str(write_npy()), layout="c t")),
        training=TrainingSpec(batch=5, seed=9),
        evaluation=EvaluationSpec(batch=3),
    )
    loaders = load_data(run)
    assert (loaders.batch, loaders.seed, loaders.judge_batch) == (5, 9, 3)
    assert loaders.data.fingerprint == prepare(run.data).fingerprint
    assert len(next(iter(loaders.test_dataloader())).y) == 3


class Recorder(L.LightningModule):
    """Records which windows each epoch receives."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: dict[int, list[int]] = {}

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        self.seen.setdefault(self.current_epoch, []).extend(batch.index.tolist())
        return (batch.x.mean() * self.weight).square()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_a_resumed_training_sees_the_windows_of_an_uninterrupted_one(data: DataSet, tmp_path: Path) -> None:
    def train(epochs: int, checkpoint: str | None = None) -> dict[int, list[int]]:
        model, keep = Recorder(), L.pytorch.callbacks.ModelCheckpoint(tmp_path, save_last=True)
        trainer = L.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=False,
            callbacks=[keep],
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(model, ZooData(data, batch=4, seed=7), ckpt_path=checkpoint)
        return model.seen

    undisturbed = train(4)
    (tmp_path / "last.ckpt").unlink()
    train(2)
    resumed = train(4, str(tmp_path / "last.ckpt"))
    assert undisturbed[1] != undisturbed[2]
    assert resumed == {epoch: undisturbed[epoch] for epoch in (2, 3)}
