"""Batch norm over processes equals torch's own in one process."""

import copy

import pytest
import torch
from timm.layers import BatchNormAct2d
from torch import nn

from zoo.training.batch_norm import batch_norm, synchronised


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize(("layer", "shape"), [(nn.BatchNorm1d, (6, 4, 9)), (nn.BatchNorm2d, (3, 4, 5, 2))])
def test_values_gradients_and_running_statistics_equal_those_of_torch(layer, shape, offset):
    torch.manual_seed(0)
    theirs = layer(4, momentum=0.3).double()
    nn.init.normal_(theirs.weight)
    nn.init.normal_(theirs.bias)
    ours, x = copy.deepcopy(theirs), (torch.randn(shape).double() + offset).requires_grad_()
    pull = torch.randn(shape).double()
    expected = theirs(x)
    found = batch_norm(x, ours.running_mean, ours.running_var, ours.weight, ours.bias, True, 0.3, ours.eps)
    torch.testing.assert_close(found, expected)
    for here, there in ((x, x), (ours.weight, theirs.weight), (ours.bias, theirs.bias)):
        one = torch.autograd.grad(found, here, pull, retain_graph=True)
        torch.testing.assert_close(one, torch.autograd.grad(expected, there, pull, retain_graph=True))
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name))


def test_frozen_batch_norm_uses_its_running_statistics():
    x, mean, var = torch.randn(5, 4), torch.zeros(4), torch.ones(4)
    assert torch.equal(batch_norm(x, mean, var, training=False, eps=0.0), x)
    assert torch.equal(mean, torch.zeros(4))


def test_modules_of_any_class_are_converted_for_several_processes(monkeypatch):
    """For example timm's, which combine batch norm and activation."""
    monkeypatch.setattr("zoo.training.batch_norm.world_size", lambda: 2)
    monkeypatch.setattr("zoo.training.batch_norm.summed", lambda value: 2 * value)
    module, x = BatchNormAct2d(3).double(), torch.randn(4, 3, 2, 2).double()
    expected = copy.deepcopy(module)(torch.cat([x, x]))[:4]
    with synchronised():
        torch.testing.assert_close(module(x), expected)


def test_one_process_keeps_the_batch_norm_of_torch():
    module, x = nn.BatchNorm1d(3), torch.randn(8, 3)
    expected = copy.deepcopy(module)(x)
    with synchronised():
        assert torch.equal(module(x), expected)
