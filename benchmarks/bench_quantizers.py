"""Throughput of every installed quantizer: forward, and a training step with its update."""

import pytest
import torch
from devices import wait
from pytest_benchmark.fixture import BenchmarkFixture
from zoo_registry import QuantizerSpec, Registry, Shape

from zoo.contracts import Quantizer

REGISTRY = Registry.discover()
SIZES = [pytest.param(c, n, id=f"{c * n}-tokens") for c, n in ((64, 64), (512, 64))]
WIDTH = 8


def built(kind: str, shape: Shape, device: torch.device) -> Quantizer:
    spec = REGISTRY.find(kind, "quantizer")()
    assert isinstance(spec, QuantizerSpec)
    return spec.build(shape).to(device)


@pytest.mark.parametrize(("series", "tokens"), SIZES)
@pytest.mark.parametrize("kind", REGISTRY.kinds("quantizer"))
def test_forward(synchronised: BenchmarkFixture, device: torch.device, kind: str, series: int, tokens: int) -> None:
    """Codes of float32 tokens in eval mode."""
    synchronised.group = f"quantizer forward, {series * tokens} tokens, {device}"
    synchronised.extra_info |= {"tokens": series * tokens, "width": WIDTH}
    quantizer = built(kind, Shape.of("c n d", 1, tokens, WIDTH), device).eval()
    values = torch.randn(series, 1, tokens, WIDTH, device=device)

    @torch.no_grad()
    def forward() -> torch.Tensor:
        codes = quantizer(values).codes
        wait(device)
        return codes

    codes = synchronised(forward)
    torch.testing.assert_close(quantizer.decode(codes), quantizer(values).values)


@pytest.mark.parametrize(("series", "tokens"), SIZES)
@pytest.mark.parametrize("kind", REGISTRY.kinds("quantizer"))
def test_step(synchronised: BenchmarkFixture, device: torch.device, kind: str, series: int, tokens: int) -> None:
    """Forward, losses, backward and update in training mode."""
    synchronised.group = f"quantizer step, {series * tokens} tokens, {device}"
    synchronised.extra_info |= {"tokens": series * tokens, "width": WIDTH}
    quantizer = built(kind, Shape.of("c n d", 1, tokens, WIDTH), device).train()
    values = torch.randn(series, 1, tokens, WIDTH, device=device, requires_grad=True)

    def step() -> None:
        quantized = quantizer(values)
        (quantized.values.square().mean() + quantizer.losses(quantized)["z"]).backward()
        if quantized.stats is not None:
            quantizer.update(quantized.stats)
        wait(device)

    synchronised(step)
    assert values.grad is not None
    assert bool(values.grad.isfinite().all())
