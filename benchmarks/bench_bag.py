"""Speed of a bag of shapes, fitted and read, against MiniRocket with the same linear map."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from devices import Measure
from peers import MINIROCKET, library_minirocket
from torch import Tensor
from zoo_bag.heads import BagHead
from zoo_bag.specs import BagSignal
from zoo_registry import Shape

from zoo.contracts import Output, adapted_in
from zoo.linear import fit_linear

X, CLASSES = Shape.of("c t", 3, 500), 14
TRAINING, READ = 2059, 256
"""Windows to learn from, as many as a run on the data of docs/bag.md without its validation windows, and to read."""
CODES = 5760


class Windows(NamedTuple):
    """Training windows `x (b c t)`, all observed, with their labels `y (b)`."""

    x: Tensor
    y: Tensor

    @property
    def mean(self) -> Tensor:
        return self.x.mean((0, 2))

    @property
    def std(self) -> Tensor:
        return self.x.std((0, 2), correction=0)

    def some(self, most: int) -> tuple[Tensor, None]:
        return self.x[:most], None


def windows(number: int) -> Windows:
    """Swings at the speed of their class, among walks and noise."""
    y = torch.arange(number) % CLASSES
    turns = (y[:, None, None] + 3) * torch.linspace(0, 1, X["t"]) + torch.rand(number, X["c"], 1)
    walks = torch.randn(number, *X.sizes).cumsum(-1) / 20
    return Windows(torch.sin(2 * torch.pi * turns) + walks + torch.randn(number, *X.sizes) / 3, y)


def fitted_bag(given: Windows) -> BagHead:
    """A bag with the default codes, learned from the windows, without its linear map."""
    torch.manual_seed(0)
    head = BagSignal().build(X, CLASSES).eval()
    assert isinstance(head, BagHead)
    for part in adapted_in(head):
        part.adapt(given)
    return head


def fit(who: str, given: Windows) -> tuple[Callable[[Tensor], Tensor], float]:
    """What reads the features `(b f)` of windows, and the share of held-out windows that their ridge names rightly."""
    blocks = None
    if who == MINIROCKET:
        read = library_minirocket(given.x)
    else:
        head = fitted_bag(given)
        blocks = head.blocks

        @torch.no_grad()
        def read(x: Tensor) -> Tensor:
            return head.features(Output(x=x))

    found = fit_linear(read(given.x), given.y, CLASSES, blocks=blocks)
    return read, found.correct / found.total


@pytest.mark.parametrize("who", ["zoo", MINIROCKET])
def test_bag_is_fitted(measure: Measure, device: torch.device, who: str) -> None:
    """Everything that is learned from the training windows: codebooks, features, and a ridge with its penalty."""
    if device.type != "cpu":
        pytest.skip("MiniRocket runs on a CPU")
    given = windows(TRAINING)
    case = f"bag of shapes, fitted to {TRAINING} windows of 3 x 500"
    found = measure(case, who, lambda: fit(who, given), windows=TRAINING)
    assert isinstance(found, tuple)
    assert found[1] > 0.95


@pytest.mark.parametrize("who", ["zoo", MINIROCKET])
def test_bag_is_read(measure: Measure, device: torch.device, who: str) -> None:
    """The features of new windows: 13,440 from 5,760 codes and 640 cells, MiniRocket's 9,996."""
    if device.type != "cpu":
        pytest.skip("MiniRocket runs on a CPU")
    given, x = windows(64), windows(READ).x
    head = fitted_bag(given)
    assert sum(len(book.shapes) for book in head.books()) == CODES
    minirocket = library_minirocket(given.x)
    work = (lambda: minirocket(x)) if who == MINIROCKET else torch.no_grad()(lambda: head.features(Output(x=x)))
    found = measure(f"features of a bag of shapes, {READ} windows of 3 x 500", who, work, windows=READ)
    assert isinstance(found, Tensor)
    if who == MINIROCKET:
        return
    roots = found * head.bag.spread.repeat_interleave(torch.tensor(head.blocks)) + head.bag.middle
    shares = torch.stack([part.square().sum(-1) for part in torch.split(roots, list(head.blocks), -1)], -1)
    series = torch.tensor([float(block.series) for block in head.bag.layout.blocks])
    torch.testing.assert_close(shares, series.expand_as(shares), rtol=1e-4, atol=1e-4)
