"""Small random batches with all inputs of a component, and copies with other values at masked places."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from zoo_registry.shapes import Shape

from zoo.contracts import EncodedOutput, Output, Quantized, Tokens, adapted_in, observed

BATCH = 3
_WINDOWS = 16

Masking = Literal["none", "full", "part"]
AnyOutput = TypeVar("AnyOutput", bound=Output)


def sample(shapes: Mapping[str, Shape], masking: Masking, seed: int = 0) -> Output:
    """A batch of the ``shapes`` named signal and image.

    ``masking`` leaves masks out, makes them all True, or hides the end of one series and the start of another.
    """
    torch.manual_seed(seed)
    signal = shapes.get("signal", Shape.of("c t", 1, 8))
    output = Output(x=_normal(signal), x_recon=_normal(signal), mask=_mask(signal, masking))
    if image := shapes.get("image"):
        output.image = _normal(image)
    return output


def sample_tokens(
    tokens: Shape, shapes: Mapping[str, Shape], masking: Masking, seed: int = 0, attributes: Sequence[str] = ()
) -> EncodedOutput:
    """The same with ``tokens``, and with codes if ``shapes`` has them."""
    given = sample(shapes, masking, seed)
    size = (BATCH, tokens["c"], tokens["n"])
    placed = {name: 0.1 + 0.4 * torch.rand(size) for name in attributes}  # starts and lengths that fit into a series
    found = Tokens(_normal(tokens), _mask(tokens, masking), placed)
    output = EncodedOutput(x=given.x, mask=given.mask, x_recon=given.x_recon, image=given.image, tokens=found)
    if codes := shapes.get("codes"):
        latents = _normal(tokens)
        output.quantized = Quantized(_normal(tokens), _codes(codes), latents)
    return output


class NormalWindows:
    """Training windows of shape ``x``, `c t` or `c h w`, that are noise of mean 0 and deviation 1."""

    def __init__(self, x: Shape) -> None:
        self.x = x
        self.mean, self.std = torch.zeros(x["c"]), torch.ones(x["c"])

    def some(self, most: int) -> tuple[Tensor, Tensor | None]:
        """The same few windows each time, all observed."""
        return torch.randn(min(most, _WINDOWS), *self.x.sizes, generator=torch.Generator().manual_seed(0)), None


def adapt(module: nn.Module, x: Shape) -> None:
    """Let ``module`` learn its statistics of training windows from noise of shape ``x``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for part in adapted_in(module):
            part.adapt(NormalWindows(x))


def spoil(output: AnyOutput) -> AnyOutput:
    """``output`` with other values at unobserved samples and padded tokens."""
    spoilt = replace(output, x=_elsewhere(output.x, output.mask))
    if output.x_recon is not None:
        spoilt.x_recon = _elsewhere(output.x_recon, output.mask)
    if output.tokens is not None:
        values, mask, attributes, spans = output.tokens
        if mask is not None:
            attributes = {name: torch.where(mask, a, 1 - a) for name, a in attributes.items()}
        spoilt.tokens = Tokens(_elsewhere(values, mask), mask, attributes, spans)
        if output.quantized is not None:
            spoilt.quantized = _spoil_codes(output.quantized, mask)
    return spoilt


def one_series(output: AnyOutput, index: int) -> AnyOutput:
    """``output`` with only its series number ``index``, and without reconstruction."""
    own = slice(index, index + 1)
    left = replace(output, x=output.x[:, own], mask=None if output.mask is None else output.mask[:, own], x_recon=None)
    if output.tokens is not None:
        values, mask, attributes, spans = output.tokens
        attributes = {name: a[:, own] for name, a in attributes.items()}
        left.tokens = Tokens(values[:, own], None if mask is None else mask[:, own], attributes, spans)
    return left


def _spoil_codes(quantized: Quantized, mask: Tensor | None) -> Quantized:
    codes = quantized.codes
    if mask is not None:
        codes = torch.where(mask[..., None], codes, codes.max() - codes)
    return quantized._replace(values=_elsewhere(quantized.values, mask), codes=codes)


def _elsewhere(x: Tensor, mask: Tensor | None) -> Tensor:
    """``x`` where ``mask``, of its leading axes, is True, and large noise elsewhere."""
    return x if mask is None else torch.where(observed(mask, x), x, 100 * torch.randn_like(x))


def _normal(shape: Shape) -> Tensor:
    return torch.randn(BATCH, *shape.sizes)


def _codes(shape: Shape) -> Tensor:
    return torch.randint(shape["k"], (BATCH, shape["c"], shape["n"], shape["q"]))


def _mask(shape: Shape, masking: Masking) -> Tensor | None:
    if masking == "none":
        return None
    channels, places = shape.sizes[:2]
    mask = torch.ones(BATCH, channels, places, dtype=torch.bool)
    if masking == "part":
        mask[1, :, places - places // 3 :] = False
        mask[2, :, : places // 4] = False
    return mask
