"""Linear layers in bfloat16: values and gradients of rounded factors, and where it does not reach."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zoo.kernels import without_autocast
from zoo.kernels.bf16_linear import bf16_linear

RELATIVE = 2**-8
"""Rounding of one number to bfloat16."""


def rounded(values):
    return values.detach().bfloat16().double()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(6, 40), (3, 5, 40), (40,)])
def test_values_and_gradients_are_products_of_rounded_factors(shape, bias):
    torch.manual_seed(0)
    layer, x = nn.Linear(40, 7, bias=bias), torch.randn(*shape, requires_grad=True)
    with bf16_linear():
        found = layer(x)
    grad = torch.randn_like(found)
    gradients = torch.autograd.grad(found, [x, *layer.parameters()], grad)
    rows, grads = rounded(x).view(-1, 40), rounded(grad).view(-1, 7)
    products = (rows @ rounded(layer.weight).T).view(found.shape)
    plain = [grads @ rounded(layer.weight), grads.T @ rows]
    expected = [(products + (layer.bias if bias else 0)), plain[0].view(shape), plain[1]]
    for value, exact in zip([found, *gradients[:2]], expected, strict=True):
        torch.testing.assert_close(value.double(), exact, rtol=RELATIVE, atol=RELATIVE)
    if bias:
        torch.testing.assert_close(gradients[2], grad.view(-1, 7).sum(0))


def test_everything_else_and_other_dtypes_are_untouched():
    torch.manual_seed(0)
    x, weight = torch.randn(5, 40), torch.randn(7, 40)
    plain, precise = F.linear(x, weight), F.linear(x.double(), weight.double())
    with bf16_linear():
        assert torch.equal(x @ weight.T, x @ weight.T)
        assert torch.equal(F.linear(x.double(), weight.double()), precise)
        assert not torch.equal(F.linear(x, weight), plain)
        with without_autocast(x.device):
            assert torch.equal(F.linear(x, weight), plain)
        assert not torch.equal(F.linear(x, weight), plain)
    assert torch.equal(F.linear(x, weight), plain)


def test_frozen_factors_get_no_gradient():
    x, weight = torch.randn(5, 40), torch.randn(7, 40, requires_grad=True)
    with bf16_linear():
        F.linear(x, weight).sum().backward()
        assert not F.linear(x, weight.detach()).requires_grad
    assert weight.grad is not None
