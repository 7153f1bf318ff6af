"""Derivatives of a shape network in one forward pass, against torch's reverse mode."""

import pytest
import torch
from torch import nn
from zoo_vqshape.shapes import ShapeDecoder
from zoo_vqshape.slopes import Moving, repeated_and_convolved, through


@pytest.mark.parametrize(("dim", "rows", "samples", "smooth"), [(3, 5, 16, 1), (1, 2, 32, 5), (130, 5, 16, 3)])
def test_the_jacobian_equals_that_of_reverse_mode(dim, rows, samples, smooth):
    torch.manual_seed(0)
    network = ShapeDecoder(dim, samples, smooth).double()
    codes = torch.randn(rows, dim, dtype=torch.float64)
    expected = torch.stack([torch.autograd.functional.jacobian(network, code, vectorize=True) for code in codes])
    torch.testing.assert_close(network._jacobian(codes), expected, rtol=1e-9, atol=1e-9)


def test_repeating_then_convolving_is_one_product_of_each_sample_with_sums_of_the_kernel():
    torch.manual_seed(0)
    slopes, kernel = torch.randn(2, 3, 4, 6, dtype=torch.float64), torch.randn(5, 4, 3, dtype=torch.float64)
    plain = nn.functional.conv1d(slopes.flatten(0, 1).repeat_interleave(4, -1), kernel, padding=1)
    torch.testing.assert_close(repeated_and_convolved(slopes, kernel).flatten(0, 1), plain)


def test_a_layer_without_known_derivatives_is_refused():
    at = Moving(torch.zeros(1, 4), torch.zeros(1, 2, 4))
    with pytest.raises(TypeError, match="no derivatives are known of Tanh"):
        through(nn.Sequential(nn.Linear(4, 4), nn.Tanh()), at)
