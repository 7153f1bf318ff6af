"""Layers of VQShape's transformers equal torch's own, value and gradient."""

import copy

import pytest
import torch
from torch import Tensor, nn
from zoo_vqshape.transformer import DecoderLayer, EncoderLayer

KEYS = torch.tensor([[True, True, False, True, False], [True] * 5, [False, False, False, False, True]])


@pytest.fixture(params=[EncoderLayer, DecoderLayer])
def layers(request: pytest.FixtureRequest) -> tuple[nn.Module, nn.Module]:
    """One of our layers and torch's with the same weights, none at its initial value."""
    torch.manual_seed(0)
    ours = request.param(dim=12, heads=3, dropout=0.0).double()
    for weight in ours.parameters():
        nn.init.normal_(weight, std=0.3)
    theirs = copy.deepcopy(ours)
    theirs.__class__ = request.param.__base__
    return ours, theirs


def read(layer: nn.Module, x: Tensor, memory: Tensor, keys: Tensor | None) -> Tensor:
    unread = None if keys is None else ~keys
    match layer:
        case EncoderLayer():
            return layer(memory, keys)
        case DecoderLayer():
            return layer(x, memory, keys)
        case nn.TransformerEncoderLayer():
            return layer(memory, src_key_padding_mask=unread)
    return layer(x, memory, memory_key_padding_mask=unread)


@pytest.mark.parametrize("keys", [None, KEYS], ids=["all", "some"])
@pytest.mark.parametrize("train", [True, False])
def test_values_and_gradients_equal_those_of_torch(layers, train: bool, keys: Tensor | None) -> None:
    x, memory = torch.randn(3, 4, 12, dtype=torch.float64), torch.randn(3, 5, 12, dtype=torch.float64)
    found = []
    for layer in layers:
        inputs = [x.clone().requires_grad_(), memory.clone().requires_grad_()]
        out = read(layer.train(train), *inputs, keys)
        out.cos().sum().backward()
        grads = [value.grad for value in (*inputs, *layer.parameters()) if value.grad is not None]
        found.append([out, *grads])
    torch.testing.assert_close(found[0], found[1], rtol=1e-10, atol=1e-10)


def test_dropout_is_applied_only_in_training(layers) -> None:
    ours = type(layers[0])(dim=12, heads=3, dropout=0.5)
    x, memory = torch.randn(3, 4, 12), torch.randn(3, 5, 12)
    for train in (True, False):
        ours.train(train)
        assert torch.equal(read(ours, x, memory, None), read(ours, x, memory, None)) != train
