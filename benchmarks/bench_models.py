"""Throughput of encoders and whole models at the sizes of users: windows of 3 × 500."""

import pytest
import torch
from devices import wait
from pytest_benchmark.fixture import BenchmarkFixture
from zoo_registry import EncoderSpec, Registry, Shape

import zoo
from zoo.assembly import ZooModel

REGISTRY = Registry.discover()
WINDOWS, CHANNELS, LENGTH = 16, 3, 500
SERIES = [kind for kind in REGISTRY.kinds("encoder") if REGISTRY.find(kind).reads == "c t"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", SERIES)
def test_encoder(synchronised: BenchmarkFixture, device: torch.device, kind: str) -> None:
    """Tokens of a batch of windows in eval mode."""
    synchronised.group = f"encoder forward, {WINDOWS} windows of {CHANNELS} x {LENGTH}, {device}"
    synchronised.extra_info |= {"windows": WINDOWS}
    spec = REGISTRY.find(kind, "encoder")()
    assert isinstance(spec, EncoderSpec)
    shape = Shape.of("c t", CHANNELS, LENGTH)
    encoder, x = spec.build(shape).to(device).eval(), torch.randn(WINDOWS, CHANNELS, LENGTH, device=device)

    @torch.no_grad()
    def forward() -> torch.Tensor:
        values: torch.Tensor = encoder(x).values
        wait(device)
        return values

    assert synchronised(forward).shape[1:] == spec.output(shape).sizes


@pytest.fixture
def model(device: torch.device) -> ZooModel:
    """A VQShape of width 64."""
    width = {"dim": 64, "layers": 2}
    return zoo.build(
        {
            "input": {"channels": CHANNELS, "length": LENGTH},
            "encoder": {"kind": "vqshape.encoder", "tokenizer_layers": 2, **width},
            "quantizer": {"kind": "vqshape.codebook"},
            "decoder": {"kind": "vqshape.decoder", **width},
        }
    ).to(device)


@pytest.mark.parametrize("call", ["encode", "forward", "step"])
def test_model(synchronised: BenchmarkFixture, device: torch.device, model: ZooModel, call: str) -> None:
    """Encoding alone, the whole forward, and forward with backward."""
    synchronised.group = f"VQShape of width 64, {WINDOWS} windows of {CHANNELS} x {LENGTH}, {device}"
    synchronised.extra_info |= {"windows": WINDOWS, "tokens": WINDOWS * CHANNELS * 50}
    x = torch.randn(WINDOWS, CHANNELS, LENGTH, device=device)
    model.train(call == "step")

    def run() -> torch.Tensor:
        with torch.set_grad_enabled(call == "step"):
            output = model.encode(x) if call == "encode" else model(x)
        if call == "step":
            torch.stack([output.losses[term] for term in model.spec.terms()]).sum().backward()
        wait(device)
        assert output.quantized is not None
        return output.quantized.codes

    assert synchronised(run).shape == (WINDOWS, CHANNELS, 50, 1)
