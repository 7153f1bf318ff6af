"""The few nearest codes against a whole table of distances, value and gradient."""

import pytest
import torch
from torch import Tensor

from zoo.kernels import few as module
from zoo.kernels import nearest_few


def inputs(n: int, k: int, width: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(n + k)
    return tuple(torch.randn(size, width, generator=random, dtype=dtype) for size in (n, k))


@pytest.mark.parametrize("block", [1, 100, 2**20])
@pytest.mark.parametrize(("n", "k", "width", "number"), [(1, 1, 1, 1), (7, 5, 2, 5), (301, 33, 3, 4), (50, 64, 16, 2)])
def test_codes_are_nearest_first_as_in_the_whole_table(monkeypatch, block, n, k, width, number):
    monkeypatch.setattr(module, "_CACHED", block)
    rows, codes = inputs(n, k, width)
    rows.requires_grad_()
    found = nearest_few(rows, codes, number)
    expected = torch.cdist(rows, codes, compute_mode="donot_use_mm_for_euclid_dist").topk(number, largest=False)
    assert torch.equal(found.codes, expected.indices)
    distances = (2 * found.scores + rows.square().sum(-1, keepdim=True)).clamp(min=0).sqrt()
    torch.testing.assert_close(distances, expected.values, rtol=1e-9, atol=1e-9)
    weigh = torch.linspace(-1, 2, number, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((found.scores * weigh).sum(), rows)
    torch.testing.assert_close(gradient, -(codes[found.codes] * weigh[:, None]).sum(1))


@pytest.mark.parametrize(("number", "dtype"), [(4, torch.float64), (9, torch.float32)])
def test_the_plain_form_gives_the_same(monkeypatch, number, dtype):
    rows, codes = inputs(200, 40, 5, dtype)
    found = nearest_few(rows, codes, number)
    monkeypatch.setattr(module, "_choose", module._choose_plainly)
    plain = nearest_few(rows, codes, number)
    assert torch.equal(found.codes, plain.codes)
    assert torch.equal(found.scores, plain.scores)


def test_ties_go_to_the_lower_index_and_nan_is_never_near():
    codes = torch.tensor([[1.0], [float("nan")], [1.0], [0.0]])
    assert nearest_few(torch.tensor([[0.9]]), codes, 3).codes.tolist() == [[0, 2, 3]]


def test_the_operations_pass_opcheck():
    rows, codes = inputs(20, 5, 3)
    torch.library.opcheck(torch.ops.shapezoo.few.default, (rows.requires_grad_(), codes, 2))


def test_autocast_changes_nothing():
    rows, codes = inputs(40, 6, 3, torch.float32)
    expected = nearest_few(rows, codes, 2)
    with torch.autocast("cpu", torch.bfloat16):
        found = nearest_few(rows, codes, 2)
    assert torch.equal(found.scores, expected.scores)
