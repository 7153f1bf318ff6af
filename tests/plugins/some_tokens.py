"""Small tokens, masks and quantizers of every kind for tests of invariants."""

import pytest
import torch
from torch import Tensor
from zoo_quantizers import EMA, FSQ, LFQ, Cosine, Residual
from zoo_registry import QuantizerSpec, Shape

from zoo.contracts import Quantizer

TOKENS = Shape.of("c n d", 2, 7, 4)
SPECS = [
    EMA(codes=16),
    EMA(codes=16, width=3),
    Cosine(codes=16),
    Cosine(codes=16, width=3),
    Residual(codes=8, levels=3),
    Residual(codes=8, levels=2, width=6),
    FSQ(levels=(4, 3, 5, 2)),
    FSQ(levels=(8, 5)),
    LFQ(bits=4),
    LFQ(bits=1),
    LFQ(bits=7, diversity=0.5),
]


def name(spec: QuantizerSpec) -> str:
    return f"{spec.kind}-{getattr(spec, 'width', None) or getattr(spec, 'levels', None) or getattr(spec, 'bits', '')}"


every = pytest.mark.parametrize("spec", SPECS, ids=name)


def built(spec: QuantizerSpec, seed: int = 0) -> Quantizer:
    torch.manual_seed(seed)
    return spec.build(TOKENS)


def some(batch: int = 3, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, *TOKENS.sizes, generator=generator)


def holes(batch: int = 3, seed: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, *TOKENS.sizes[:2], generator=generator) > 0.4


def state(module: torch.nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in module.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def assert_same_terms(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for key in one:
        torch.testing.assert_close(one[key], other[key])
