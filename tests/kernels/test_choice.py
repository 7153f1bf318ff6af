"""Blockwise soft assignment against the whole table, value and gradient."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.bench.memory import most_held
from zoo.kernels import choice as module
from zoo.kernels import choose


def whole(rows: Tensor, codes: Tensor, real: Tensor, temperature: float, least: float) -> tuple[Tensor, Tensor]:
    """The formula, computed with the whole table."""
    p = F.softmax(-(rows[:, None] - codes).square().sum(-1) / temperature, -1)
    doubt = -(p * p.clamp(min=least).log()).sum(-1)
    return (doubt * real).sum(), (p * real[:, None]).sum(0)


def inputs(n: int, k: int, width: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(n + k)
    rows, codes = (torch.randn(size, width, generator=random, dtype=dtype).requires_grad_() for size in (n, k))
    return rows, codes, torch.rand(n, generator=random) > 0.3


@pytest.mark.parametrize("temperature", [0.01, 0.5, 20.0])
@pytest.mark.parametrize(("n", "k", "width"), [(1, 1, 1), (7, 2, 1), (50, 64, 8), (301, 7, 3)])
@pytest.mark.parametrize("block", [1, 100, 2**20])
def test_value_and_gradients_are_those_of_the_whole_table(monkeypatch, block, n, k, width, temperature) -> None:
    monkeypatch.setattr(module, "_CACHED", block)
    rows, codes, real = inputs(n, k, width)
    weigh = torch.linspace(-1, 2, k, dtype=torch.float64)
    found, expected = (way(rows, codes, real, temperature, 1e-5) for way in (choose, whole))
    torch.testing.assert_close(tuple(found), expected, rtol=1e-10, atol=1e-10)
    one, other = (
        torch.autograd.grad(1.7 * doubt + (usage * weigh).sum(), (rows, codes)) for doubt, usage in (found, expected)
    )
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_the_operations_pass_opcheck() -> None:
    rows, codes, real = inputs(20, 5, 3)
    torch.library.opcheck(torch.ops.shapezoo.choose.default, (rows, codes, real, 0.5, 1e-5))


def test_autocast_changes_nothing() -> None:
    rows, codes, real = inputs(40, 6, 3, torch.float32)
    expected = choose(rows, codes, real, 0.5, 1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        found = choose(rows, codes, real, 0.5, 1e-5)
        gradient = torch.autograd.grad(found.doubt, rows)[0]
    assert torch.equal(found.usage, expected.usage)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected.doubt, rows)[0])


@pytest.mark.slow
def test_memory_grows_with_rows_and_not_with_codes() -> None:
    rows, codes, real = inputs(60_000, 2048, 8, torch.float32)

    def step() -> None:
        doubt, usage = choose(rows, codes, real, 0.5, 1e-5)
        torch.autograd.grad(doubt + usage.square().sum(), (rows, codes))

    assert most_held(step, torch.device("cpu")) < 4 * (3 * rows.numel() + 2**20) < 60_000 * 2048
