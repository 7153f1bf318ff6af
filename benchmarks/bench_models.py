"""Speed of encoders and whole models at common sizes, and of VQShape against a plain implementation."""

import copy
from shutil import which

import pytest
import torch
from devices import Measure
from straightforward import StraightforwardVQShape
from torch import Tensor, nn
from zoo_registry import EncoderSpec, Registry, Shape

import zoo
from zoo.model.assembly import ZooModel

REGISTRY = Registry.discover()
WINDOWS, CHANNELS, LENGTH = 16, 3, 500
SERIES = [kind for kind in REGISTRY.kinds("encoder") if REGISTRY.find(kind).reads == "c t"]  # type: ignore[attr-defined]
STRAIGHT = "straightforward"

PUBLISHED = {"read": "query", "place": "free", "level": "learned"}


@pytest.mark.parametrize("call", ["forward", "step"])
@pytest.mark.parametrize("kind", SERIES)
def test_encoder(measure: Measure, device: torch.device, kind: str, call: str) -> None:
    """Encode a batch of windows in eval mode; forward and backward in training mode."""
    spec = REGISTRY.find(kind, "encoder")()
    assert isinstance(spec, EncoderSpec)
    shape = Shape.of("c t", CHANNELS, LENGTH)
    encoder, x = spec.build(shape).to(device).train(call == "step"), torch.randn(WINDOWS, CHANNELS, LENGTH).to(device)

    def work() -> Tensor:
        with torch.set_grad_enabled(call == "step"):
            values: Tensor = encoder(x).values
        if call == "step":
            values.square().mean().backward()
        return values

    found = measure(f"encoder {call}, {WINDOWS} windows of 3 x 500", kind, work, windows=WINDOWS)
    assert isinstance(found, Tensor)
    assert found.shape[1:] == spec.output(shape).sizes


def vqshape(dim: int, layers: int, codes: int, dropout: float = 0.0) -> ZooModel:
    """A univariate VQShape without masked patches; without dropout, two implementations can be compared.

    Its codes are tokens of noise, so that nearly all codes are used.
    """
    quiet = {"dropout": dropout, "dim": dim, "layers": layers}
    model = zoo.build(
        {
            "input": {"channels": 1, "length": LENGTH},
            "encoder": {"kind": "vqshape.encoder", **PUBLISHED, "mask_ratio": 0.0, "tokenizer_layers": layers, **quiet},
            "quantizer": {"kind": "vqshape.codebook", "codes": codes},
            "decoder": {"kind": "vqshape.decoder", **quiet},
        }
    )
    with torch.no_grad():
        tokens = model.eval()(torch.randn(-(-codes // 4), 1, LENGTH)).tokens
        assert tokens is not None
        model.quantizer.embedding.weight.copy_(tokens.values.flatten(0, 2)[:codes])
    return model.train()


class Step:
    """Forward, backward and a step of AdamW, fused as in `zoo train`."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=isinstance(model, ZooModel))

    def __call__(self, x: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        found = self.model(x)
        losses = found.losses if isinstance(self.model, ZooModel) else found
        total: Tensor = losses["x"] + losses["z"] + losses["s"] + losses["dist"]
        total.backward()
        self.optimizer.step()
        return total.detach()


@pytest.mark.parametrize("who", ["zoo", STRAIGHT])
@pytest.mark.parametrize("dim", [64, 256])
@pytest.mark.parametrize(
    "call", ["step", "step with dropout", "compiled step", "compiled step with dropout", "tokenize"]
)
def test_vqshape(measure: Measure, device: torch.device, call: str, dim: int, who: str) -> None:
    """A training step and tokenizing, layers 4 + 4 + 2 at D 256 as published and 2 + 2 + 2 at D 64, K 64, float32.

    Dropout is .1, as in the presets of the published form. A compiled step runs the zoo's model under torch.compile and
    the straightforward one uncompiled.
    """
    if call.startswith("compiled") and which("g++") is None:
        pytest.skip("torch.compile takes a C++ compiler")
    windows = 512 if device.type == "cuda" else 64
    dropout = 0.1 if call.endswith("dropout") else 0.0
    ours = vqshape(dim, 4 if dim == 256 else 2, 64, dropout).to(device).train(call != "tokenize")
    straight = StraightforwardVQShape(copy.deepcopy(ours))
    x = torch.randn(windows, 1, LENGTH, device=device)
    model = ours if who == "zoo" else straight
    case = f"VQShape {call}, D {dim}, K 64, {windows} series"
    if call != "tokenize":
        if call.startswith("compiled") and who == "zoo":
            ours.compile()
        step = Step(model)
        measure(case, who, lambda: step(x), windows=windows, width=dim)
        return
    with torch.no_grad():
        found = measure(case, who, lambda: _tokens(model, x), windows=windows, width=dim)
        others = ~torch.isclose(found, _tokens(straight, x), rtol=1e-3, atol=1e-3).all(-1)
        assert others.float().mean() < 1e-3  # two codes may be equally near


def _tokens(model: nn.Module, x: Tensor) -> Tensor:
    return model.tokenize(x).tokens if isinstance(model, ZooModel) else model.tokenize(x)
