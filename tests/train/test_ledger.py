"""The ledger's columns add up to what the batches gave."""

import pytest
import torch

from zoo.contracts import Output
from zoo.metrics_file import MetricsFile
from zoo.train.ledger import Ledger


def output(x: float, z: float, correct: int, size: int) -> Output:
    logits = torch.zeros(size, 2)
    logits[:correct, 1] = 1.0
    losses = {"x": torch.tensor(x), "z": torch.tensor(z), "z.commit": torch.tensor(z / 2)}
    return Output(x=torch.zeros(size, 1, 4), logits=logits - torch.tensor([0.5, 0.0]), losses=losses)


def test_an_epoch_is_the_mean_over_windows_and_shares_add_up_to_one():
    ledger = Ledger(["x", "z"])
    ledger.add(output(1.0, 4.0, 3, 3), torch.ones(3, dtype=torch.int64), {"x": 1.0, "z": 0.5}, "a")
    ledger.add(output(2.0, 2.0, 1, 1), torch.ones(1, dtype=torch.int64), {"x": 1.0, "z": 0.5}, "b")
    row = ledger.row()
    assert row["phase"] == "a+b"
    assert row["train/x"] == pytest.approx((3 * 1.0 + 2.0) / 4)
    assert row["train/z.weighted"] == pytest.approx(0.5 * (3 * 4.0 + 2.0) / 4)
    assert row["train/z.commit"] == pytest.approx((3 * 2.0 + 1.0) / 4)
    assert row["train/x.share"] + row["train/z.share"] == pytest.approx(1.0)
    assert row["train/loss"] == pytest.approx(row["train/x.weighted"] + row["train/z.weighted"])
    assert (row["train/correct"], row["train/total"]) == (4, 4)


def test_rows_of_a_killed_epoch_are_written_again(tmp_path):
    file = MetricsFile(tmp_path / "metrics.csv")
    for epoch, loss in [(0, 1.0), (1, 2.0), (2, 3.0), (1, 4.0)]:
        file.add({"epoch": epoch, "train/loss": loss})
    assert [(row["epoch"], row["train/loss"]) for row in file.rows()] == [("0", "1.0"), ("1", "4.0")]
