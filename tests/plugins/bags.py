"""Small bags of shapes that have learned from made windows."""

import torch
from torch import Tensor
from zoo_bag import BagRecon, BagSignal
from zoo_bag.heads import BagHead
from zoo_registry import Shape

from zoo.contracts import TrainingWindows

SMALL = {"samples": 8, "nearest": 4, "floor": 0.1, "scales": (1, 2, 4), "places": 20, "codes": (4, 12), "level": (5, 3)}
X = Shape.of("c t", 2, 60)


class Given:
    """Training windows `(b c t)`, all observed."""

    def __init__(self, x: Tensor) -> None:
        self.x = x
        self.mean, self.std = x.mean((0, 2)), x.std((0, 2), correction=0)

    def some(self, most: int) -> tuple[Tensor, Tensor | None]:
        return self.x[:most], None


def signals(windows: int = 6, seed: int = 0, x: Shape = X) -> Tensor:
    """Walks, as float64."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(windows, *x.sizes, generator=random, dtype=torch.float64).cumsum(-1)


def filled(spec: BagSignal | BagRecon, windows: TrainingWindows, x: Shape = X) -> BagHead:
    torch.manual_seed(0)
    return adapt_to(spec.build(x, 3).double().eval(), windows)


def adapt_to(head: BagHead, windows: TrainingWindows) -> BagHead:
    for part in (head.bag.standardize, head.bag):
        part.adapt(windows)
    return head


def head(spec: BagSignal | BagRecon | None = None, x: Shape = X) -> BagHead:
    return filled(spec or BagSignal(**SMALL), Given(signals(12, 5, x)), x)
