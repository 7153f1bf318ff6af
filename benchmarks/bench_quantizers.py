"""Speed of every installed quantizer at common sizes, and of the moving-average codebook against a library's."""

import pytest
import torch
from devices import Measure
from peers import LIBRARY, library_quantizer
from torch import Tensor, nn
from zoo_registry import QuantizerSpec, Registry, Shape

from zoo.contracts import Quantizer

REGISTRY = Registry.discover()
CPU = [(32_768, 8, 64), (32_768, 8, 512), (32_768, 64, 512), (32_768, 64, 8192), (131_072, 8, 512)]
CUDA = [(2**20, 8, 512), (2**20, 64, 512), (2**20, 64, 8192)]
TOKENS = {"4096-tokens": (64, 64), "76800-tokens": (768, 100)}


def step(quantizer: nn.Module, values: Tensor) -> Tensor:
    """A training step of either quantizer; the library updates its codebook in the forward pass."""
    quantizer.zero_grad(set_to_none=True)
    values.grad = None
    if not isinstance(quantizer, Quantizer):
        quantized, _, commit = quantizer(values.squeeze(1))
        (quantized.square().mean() + commit.sum()).backward()
        return quantized.detach()
    found = quantizer(values)
    (found.values.square().mean() + quantizer.losses(found)["z"]).backward()
    if found.stats is not None:
        quantizer.update(found.stats)
    return found.values.detach()


def forward(quantizer: nn.Module, values: Tensor) -> Tensor:
    """Quantized values in eval mode."""
    with torch.no_grad():
        found = quantizer(values if isinstance(quantizer, Quantizer) else values.squeeze(1))
    return found[0] if isinstance(found, tuple) else found.values


CALLS = {"forward": forward, "step": step}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("size", TOKENS)
@pytest.mark.parametrize("kind", REGISTRY.kinds("quantizer"))
def test_quantizer(measure: Measure, device: torch.device, kind: str, size: str, call: str) -> None:
    """Default settings at width 8: codes in eval mode, and a training step with losses, backward and update."""
    series, tokens = TOKENS[size]
    spec = REGISTRY.find(kind, "quantizer")()
    assert isinstance(spec, QuantizerSpec)
    quantizer = spec.build(Shape.of("c n d", 1, tokens, 8)).to(device).train(call == "step")
    values = torch.randn(series, 1, tokens, 8, device=device, requires_grad=call == "step")
    number = series * tokens
    measure(f"quantizer {call}, {number} tokens", kind, lambda: CALLS[call](quantizer, values), tokens=number)
    codes = quantizer.eval()(values).codes
    torch.testing.assert_close(quantizer.decode(codes), quantizer(values).values)


@pytest.mark.parametrize("who", ["zoo", LIBRARY])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("tokens", "width", "codes"), [*CPU, *CUDA], ids=lambda size: str(size))
def test_moving_average(
    measure: Measure, device: torch.device, tokens: int, width: int, codes: int, call: str, who: str
) -> None:
    """A Euclidean codebook updated by moving averages of its tokens."""
    if (tokens, width, codes) not in (CUDA if device.type == "cuda" else CPU):
        pytest.skip("a size of the other device")
    if who == "zoo":
        spec = REGISTRY.find("quantizers.ema", "quantizer")(codes=codes)
        assert isinstance(spec, QuantizerSpec)
        quantizer: nn.Module = spec.build(Shape.of("c n d", 1, 1024, width))
    else:
        quantizer = library_quantizer(width, codes)
    quantizer.to(device).train(call == "step")
    values = torch.randn(tokens // 1024, 1, 1024, width, device=device, requires_grad=call == "step")
    case = f"EMA codebook {call}, N {tokens}, D {width}, K {codes}"
    found = measure(case, who, lambda: CALLS[call](quantizer, values), tokens=tokens, width=width, codes=codes)
    assert isinstance(found, Tensor)
    if call == "forward":  # the library computes codes with a rounding error
        assert len(found.flatten(0, -2).unique(dim=0)) <= codes
