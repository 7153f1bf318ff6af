"""A plugin without a weight: standardised patches are tokens, and decoded they are drawn where they were cut out."""

from typing import Literal

import torch
from torch import Tensor
from zoo_registry import DecoderSpec, EncoderSpec, Shape, hookimpl

from zoo.contracts import Attributes, CodeTable, Decoded, Decoder, Encoder, Tokens

PATCH = 8


class Patches(Encoder):
    """`(b c t) -> (b c n d)`: each patch by its own mean and deviation; one with an unobserved sample is padding."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        patches = x.unflatten(-1, (-1, PATCH))
        mu, sigma = patches.mean(-1), patches.std(-1, correction=0)
        count = patches.shape[-2]
        start = (torch.arange(count) / count).to(mu).expand_as(mu)
        values = (patches - mu[..., None]) / sigma[..., None].clamp(min=0.05)
        real = None if mask is None else mask.unflatten(-1, (-1, PATCH)).all(-1)
        return Tokens(values, real, Attributes(start, torch.full_like(mu, 1 / count), mu, sigma))


class Patchwork(Decoder):
    """`(b c n d) -> (b c t)`: each token in its place."""

    def forward(self, tokens: Tokens, table: CodeTable | None = None) -> Decoded:
        assert tokens.attributes is not None
        drawn = tokens.values * tokens.attributes.sigma[..., None] + tokens.attributes.mu[..., None]
        return Decoded(drawn.flatten(-2), drawn)


class PatchesSpec(EncoderSpec):
    """Patches as tokens."""

    kind: Literal["bare.patches"] = "bare.patches"
    gives_attributes = True

    def output(self, x: Shape) -> Shape:
        return Shape.of("c n d", x["c"], x["t"] // PATCH, PATCH)

    def build(self, x: Shape) -> Encoder:
        return Patches()


class PatchworkSpec(DecoderSpec):
    """Tokens in their places."""

    kind: Literal["bare.patchwork"] = "bare.patchwork"
    needs_attributes = True

    def output(self, tokens: Shape, series: Shape) -> Shape:
        return series

    def shapes(self, tokens: Shape) -> Shape | None:
        return Shape.of("c n s", tokens["c"], tokens["n"], PATCH)

    def build(self, tokens: Shape, series: Shape) -> Decoder:
        return Patchwork()


@hookimpl
def zoo_components() -> list[type[EncoderSpec] | type[DecoderSpec]]:
    return [PatchesSpec, PatchworkSpec]
