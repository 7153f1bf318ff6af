"""A plugin whose components need no training: patches are tokens, codes are shapes, classes are frequencies.

Each fault has its own decoder or head.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from zoo_registry import STRETCH, DecoderSpec, EncoderSpec, HeadSpec, Shape, hookimpl

from zoo.contracts import Decoded, Decoder, Encoder, Head, Output, Standardize, Tokens

PATCH, CYCLES, PHASES = 16, (1, 2, 4), 4


def patterns() -> Tensor:
    """The wave of every class in every phase, of mean 0 and deviation 1: `(12 16)`, class by class."""
    time = 2 * math.pi * torch.arange(PATCH) / PATCH
    phases = 2 * math.pi * torch.arange(PHASES) / PHASES + 0.4
    return math.sqrt(2) * torch.cat([(cycles * time + phases[:, None]).sin() for cycles in CYCLES])


class Patches(Encoder):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        patches = x.unflatten(-1, (-1, PATCH))
        mu, sigma = patches.mean(-1), patches.std(-1, correction=0)
        count = patches.shape[-2]
        start = (torch.arange(count) / count).expand_as(mu)
        values = (patches - mu[..., None]) / sigma[..., None].clamp(min=1e-6)
        return Tokens(values, attributes={"t": start, "l": torch.full_like(mu, 1 / count), "mu": mu, "sigma": sigma})


class Patchwork(Decoder):
    """Draws each code at its position, scaled by a learned gain."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, tokens: Tokens) -> Decoded:
        mu, sigma = tokens.attributes["mu"][..., None], self.gain * tokens.attributes["sigma"][..., None]
        return Decoded((tokens.values * sigma + mu).flatten(-2), self.drawn(tokens.values) * sigma + mu)

    def drawn(self, values: Tensor) -> Tensor:
        return values

    def targets(
        self, tokens: Tokens, series: Tensor, mask: Tensor | None, samples: int
    ) -> tuple[Tensor, Tensor | None]:
        return series.unflatten(-1, (-1, PATCH)), None


class OneShape(Patchwork):
    """Rebuilds the series from the codes, but draws the same shape for every code."""

    def drawn(self, values: Tensor) -> Tensor:
        return patterns()[1].expand_as(values)


class Faint(Patchwork):
    """The right shapes, at a tenth of the height of their stretches."""

    def drawn(self, values: Tensor) -> Tensor:
        return values / 10


class Elsewhere(Patchwork):
    """Wrong shapes, each a wave of another frequency than that of its code."""

    def drawn(self, values: Tensor) -> Tensor:
        return patterns().roll(PHASES, 0)[torch.cdist(values.flatten(0, 2), patterns()).argmin(-1)].view_as(values)


class Steps(Patchwork):
    """The offset of every token; its code is ignored."""

    def forward(self, tokens: Tokens) -> Decoded:
        steps = tokens.attributes["mu"][..., None].expand_as(tokens.values).flatten(-2)
        return Decoded(steps, super().forward(tokens).shapes)


class Spectrum(Head):
    """Predicts the class whose frequency is strongest in the patches of a standardised signal."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.standardize = Standardize(channels)

    def forward(self, output: Output) -> Tensor:
        strength = torch.fft.rfft(self.standardize(output.x).unflatten(-1, (-1, PATCH))).abs()
        return strength[..., list(CYCLES)].mean((1, 2))


class Deaf(Spectrum):
    """Never predicts the last class."""

    def forward(self, output: Output) -> Tensor:
        heard = super().forward(output)
        return torch.cat([heard[:, :-1], torch.full_like(heard[:, -1:], -1)], 1)


class Fixed(Spectrum):
    """Always predicts the first class."""

    def forward(self, output: Output) -> Tensor:
        heard = super().forward(output)
        return torch.cat([torch.ones_like(heard[:, :1]), torch.zeros_like(heard[:, 1:])], 1)


class PatchesSpec(EncoderSpec):
    """Patches as tokens."""

    kind: Literal["waves.patches"] = "waves.patches"
    attributes = STRETCH

    def output(self, x: Shape) -> Shape:
        return Shape.of("c n d", x["c"], x["t"] // PATCH, PATCH)

    def build(self, x: Shape) -> Encoder:
        return Patches()


class PatchworkSpec(DecoderSpec):
    """Codes at their positions."""

    kind: Literal["waves.patchwork"] = "waves.patchwork"
    needs_attributes = ("mu", "sigma")

    def output(self, tokens: Shape, series: Shape) -> Shape:
        return series

    def shapes(self, tokens: Shape) -> Shape | None:
        return Shape.of("c n s", tokens["c"], tokens["n"], PATCH)

    def build(self, tokens: Shape, series: Shape) -> Decoder:
        return Patchwork()


class OneShapeSpec(PatchworkSpec):
    """One shape for all."""

    kind: Literal["waves.one-shape"] = "waves.one-shape"

    def build(self, tokens: Shape, series: Shape) -> Decoder:
        return OneShape()


class FaintSpec(PatchworkSpec):
    """Faint shapes."""

    kind: Literal["waves.faint"] = "waves.faint"

    def build(self, tokens: Shape, series: Shape) -> Decoder:
        return Faint()


class ElsewhereSpec(PatchworkSpec):
    """Shapes of something else."""

    kind: Literal["waves.elsewhere"] = "waves.elsewhere"

    def build(self, tokens: Shape, series: Shape) -> Decoder:
        return Elsewhere()


class StepsSpec(PatchworkSpec):
    """Offsets alone."""

    kind: Literal["waves.steps"] = "waves.steps"

    def build(self, tokens: Shape, series: Shape) -> Decoder:
        return Steps()


class SpectrumSpec(HeadSpec):
    """The strongest frequency."""

    kind: Literal["waves.spectrum"] = "waves.spectrum"
    needs = "signal"

    def build(self, x: Shape, classes: int) -> Head:
        return Spectrum(x["c"])


class DeafSpec(SpectrumSpec):
    """All frequencies but the last."""

    kind: Literal["waves.deaf"] = "waves.deaf"

    def build(self, x: Shape, classes: int) -> Head:
        return Deaf(x["c"])


class FixedSpec(SpectrumSpec):
    """The first class."""

    kind: Literal["waves.fixed"] = "waves.fixed"

    def build(self, x: Shape, classes: int) -> Head:
        return Fixed(x["c"])


@hookimpl
def zoo_components() -> list[type[EncoderSpec] | type[DecoderSpec] | type[HeadSpec]]:
    return [
        PatchesSpec,
        PatchworkSpec,
        OneShapeSpec,
        FaintSpec,
        ElsewhereSpec,
        StepsSpec,
        SpectrumSpec,
        DeafSpec,
        FixedSpec,
    ]
