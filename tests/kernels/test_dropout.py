"""Dropout: the mask against Philox in numpy's integers, its shares, its gradient, threads and resumed draws."""

import numpy as np
import pytest
import torch
from philox import chances, drawn, philox
from torch import Tensor
from torch.nn import functional as F

from zoo.kernels import dropout


def test_the_reference_gives_the_published_numbers():
    """Random123's known answer for a counter and a key of zeros."""
    assert [f"{word:08x}" for word in philox(np.zeros(1, np.uint64), 0)[0]] == [
        "6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8",
    ]  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1, 7, 4096, 70_001, 400_000])
def test_values_and_gradients_follow_from_one_drawn_number(size: int, dtype: torch.dtype, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        x = torch.randn(size, dtype=dtype, requires_grad=True)
        torch.manual_seed(size)
        found = dropout(x, 0.3)
        found.backward(torch.arange(size, dtype=dtype))
    finally:
        torch.set_num_threads(before)
    least = round(0.3 * 2**16)
    kept = torch.from_numpy(chances(size, drawn(size)) >= least)
    scale = torch.tensor(2**16 / (2**16 - least), dtype=dtype)
    assert torch.equal(found, torch.where(kept, x * scale, 0))
    assert torch.equal(x.grad, torch.where(kept, torch.arange(size, dtype=dtype) * scale, 0))


def test_elements_are_dropped_independently_at_the_given_rate():
    torch.manual_seed(0)
    dropped = torch.stack([dropout(torch.ones(100, 1000), 0.1) for _ in range(20)]).flatten() == 0
    error = (0.1 * 0.9 / len(dropped)) ** 0.5
    assert abs(float(dropped.double().mean()) - 0.1) < 4 * error
    centred = dropped.double() - 0.1
    for lag in (1, 2, 3, 4, 8, 1000, 100_000):  # neighbours, words, counters, rows, calls
        assert abs(float((centred[lag:] * centred[:-lag]).mean())) < 4 * 0.09 / len(dropped) ** 0.5


def test_the_mean_of_many_draws_is_the_input():
    torch.manual_seed(0)
    x = torch.randn(50)
    mean = torch.stack([dropout(x, 0.5) for _ in range(4000)]).mean(0)
    torch.testing.assert_close(mean, x, rtol=0, atol=4 * float(x.abs().max()) / 4000**0.5)


def test_a_restored_generator_draws_the_same_again():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first = [dropout(torch.ones(99), 0.5) for _ in range(3)]
    torch.set_rng_state(state)
    assert all(torch.equal(dropout(torch.ones(99), 0.5), expected) for expected in first)
    assert not torch.equal(first[0], first[1])


def test_inputs_in_another_order_of_memory_are_read_by_position():
    x = torch.arange(12.0).view(3, 4).T
    torch.manual_seed(0)
    found = dropout(x, 0.5)
    torch.manual_seed(0)
    assert torch.equal(found, dropout(x.contiguous(), 0.5))


def test_without_training_or_probability_nothing_changes():
    x = torch.randn(20)
    assert dropout(x, 0.5, training=False) is x
    assert dropout(x, 0.0) is x


def test_other_dtypes_and_everything_dropped_are_torch_s_own():
    x = torch.ones(1000, dtype=torch.bfloat16)
    torch.manual_seed(0)
    found = dropout(x, 0.5)
    torch.manual_seed(0)
    assert torch.equal(found, F.dropout(x, 0.5))
    assert torch.equal(dropout(torch.ones(5), 1.0), torch.zeros(5))


def test_the_operation_passes_opcheck():
    arguments = (torch.randn(30, 4, requires_grad=True), torch.tensor(5), 0.25)
    torch.library.opcheck(torch.ops.shapezoo.dropout.default, arguments)


def test_the_second_derivative_uses_the_same_mask():
    def kept(x: Tensor) -> Tensor:
        torch.manual_seed(1)
        return dropout(x, 0.5).square()

    x = torch.randn(40, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(kept, (x,))
