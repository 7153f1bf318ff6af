"""The VQShape used for comparison in the benchmarks computes what the zoo's does."""

import copy

import torch
from bench_models import vqshape
from straightforward import StraightforwardVQShape


def test_losses_and_gradients_equal_those_of_the_zoo() -> None:
    torch.manual_seed(0)
    model = vqshape(dim=16, layers=1, codes=4).double().eval()
    model.quantizer.embedding.weight.data.normal_()
    plain = StraightforwardVQShape(copy.deepcopy(model))
    x = torch.randn(6, 1, 500, dtype=torch.float64)
    ours, theirs = model(x).losses, plain(x)
    torch.testing.assert_close({name: ours[name] for name in theirs}, theirs)
    torch.testing.assert_close(model.tokenize(x).tokens, plain.tokenize(x))
    for losses in (ours, theirs):
        (losses["x"] + losses["z"] + losses["s"] + losses["dist"]).backward()
    there = dict(plain.encoder.named_parameters())
    for name, weight in model.encoder.named_parameters():
        torch.testing.assert_close(weight.grad, there[name].grad, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(model.quantizer.embedding.weight.grad, plain.quantizer.embedding.weight.grad)
