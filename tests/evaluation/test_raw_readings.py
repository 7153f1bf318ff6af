"""Judges read raw windows once; every pass uses the stored answers."""

import torch
from torch import Tensor

import zoo
from zoo.data.batch import Batch
from zoo.evaluation.evaluation import Evaluation
from zoo.evaluation.judge import Reading
from zoo.evaluation.score import on_raw

NAMES = ("still", "moving")


class Counting:
    """Classifies windows by the sign of their mean, and counts the windows it reads."""

    words = "a rule"

    def __init__(self) -> None:
        self.windows = 0

    def read(self, x: Tensor, mask: Tensor | None) -> Reading:
        self.windows += len(x)
        return Reading((x.mean((1, 2)) > 0).long(), None)


def test_raw_windows_are_read_once_and_rebuilt_ones_in_every_pass():
    torch.manual_seed(0)
    model = zoo.build({
        "input": {"channels": 2, "length": 40},
        "encoder": {"kind": "vqshape.encoder", "tokens": 5},
        "decoder": {"kind": "vqshape.renderer"},
    }).eval()  # fmt: skip
    x, y = torch.randn(10, 2, 40), torch.arange(10) % 2
    batches = [Batch(x[rows], None, y[rows], torch.arange(10)[rows]) for rows in (slice(0, 6), slice(6, 10))]
    judge = Counting()
    evaluation = Evaluation(model, NAMES, 10, {"rule": judge})
    found = []
    for _ in range(3):
        evaluation.reset()
        for batch in batches:
            evaluation.update(model(batch.x), batch)
        found.append(evaluation.report().score(on_raw("rule")))
    assert judge.windows == 10 + 3 * 10
    assert found[0] == found[1] == found[2]
    assert found[0].correct == int(((x.mean((1, 2)) > 0).long() == y).sum())
