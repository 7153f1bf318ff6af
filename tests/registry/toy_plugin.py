"""A plugin with one small component for each of four roles, for tests of the registry and of the conformance tests."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from zoo_registry import DecoderSpec, EncoderSpec, HeadSpec, QuantizerSpec, Shape, ShapeError, hookimpl

from zoo.contracts import (
    Decoded,
    Decoder,
    Encoder,
    Head,
    Losses,
    Output,
    Quantized,
    Quantizer,
    Stats,
    Tokens,
    masked_mean,
)


class Patches(Encoder):
    """`(b c t) -> (b c n d)`: a linear map of each patch; a patch with an unobserved sample is padding."""

    def __init__(self, patch: int, dim: int) -> None:
        super().__init__()
        self.patch = patch
        self.project = nn.Linear(patch, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        values = self.project(x.unflatten(-1, (-1, self.patch)))
        return Tokens(values, None if mask is None else mask.unflatten(-1, (-1, self.patch)).all(-1))


class Unpatches(Decoder):
    """`(b c n d) -> (b c t)`: a linear map of each token; padding is decoded as zeros."""

    def __init__(self, dim: int, patch: int) -> None:
        super().__init__()
        self.project = nn.Linear(dim, patch)

    def forward(self, tokens: Tokens) -> Decoded:
        values, mask, *_ = tokens
        if mask is not None:
            values = torch.where(mask[..., None], values, 0)
        return Decoded(self.project(values).flatten(-2))


class Signs(Quantizer):
    """The sign of every feature, each feature a level of two codes, times a scale updated from the tokens."""

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.moves = True
        self.register_buffer("scale", torch.ones(()))

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        codes = (values > 0).long()
        straight = values + (self.decode(codes) - values).detach()
        return Quantized(straight, codes, values, self._stats(values, mask) if self.training else None)

    def _stats(self, values: Tensor, mask: Tensor | None) -> Stats:
        weight = torch.ones_like(values) if mask is None else mask[..., None].expand_as(values).to(values.dtype)
        return {"sum": (values.abs() * weight).sum(), "count": weight.sum()}

    def decode(self, codes: Tensor) -> Tensor:
        return (2 * codes - 1) * self.scale

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        commit = masked_mean((quantized.latents - self.decode(quantized.codes)).square(), mask)
        return {"z": commit, "z.commit": commit.detach()}

    @torch.no_grad()
    def update(self, stats: Stats) -> None:
        self.scale.copy_(stats["sum"] / stats["count"])


class MeanLinear(Head):
    """`(b c n d) -> (b k)`: the mean of real tokens, then a linear map."""

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.project = nn.Linear(dim, classes)

    def forward(self, output: Output) -> Tensor:
        assert output.coded is not None
        values, mask = output.coded.features(), output.coded.mask
        mask = values.new_ones(values.shape[:-1], dtype=torch.bool) if mask is None else mask
        total = torch.where(mask[..., None], values, 0).sum((1, 2))
        logits: Tensor = self.project(total / mask.sum((1, 2)).clamp(min=1)[:, None])
        return logits


class PatchSpec(EncoderSpec):
    """Linear patches."""

    kind: Literal["toy.patches"] = "toy.patches"

    patch: int = Field(default=8, ge=1, le=1000)
    """Samples of a patch."""

    dim: int = Field(default=4, ge=1, le=64)
    """Width of a token."""

    def output(self, x: Shape) -> Shape:
        if x["t"] % self.patch:
            hint = "choose a divisor"
            raise ShapeError("encoder.patch", f"a divisor of the length {x['t']}", str(self.patch), hint)
        return Shape.of("c n d", x["c"], x["t"] // self.patch, self.dim)

    def build(self, x: Shape) -> Patches:
        return Patches(self.patch, self.dim)


class UnpatchSpec(DecoderSpec):
    """The inverse of linear patches."""

    kind: Literal["toy.unpatches"] = "toy.unpatches"

    def output(self, tokens: Shape, series: Shape) -> Shape:
        return series

    def build(self, tokens: Shape, series: Shape) -> Unpatches:
        return Unpatches(tokens["d"], series["t"] // tokens["n"])


class SignSpec(QuantizerSpec):
    """Signs of features."""

    kind: Literal["toy.signs"] = "toy.signs"
    terms: ClassVar[Mapping[str, str]] = {"z": "squared distance of tokens from their codes"}

    def codebook(self, x: Shape) -> Shape:
        return Shape.of("q k", x["d"], 2)

    def build(self, x: Shape) -> Signs:
        return Signs()


class MeanSpec(HeadSpec):
    """Mean of tokens, then a linear layer."""

    kind: Literal["toy.mean"] = "toy.mean"
    needs = "tokens"

    def build(self, x: Shape, classes: int) -> Head:
        return MeanLinear(x["d"], classes)


@hookimpl
def zoo_components() -> list[type[EncoderSpec] | type[DecoderSpec] | type[QuantizerSpec] | type[HeadSpec]]:
    """One component for each of four roles."""
    return [PatchSpec, UnpatchSpec, SignSpec, MeanSpec]
