"""The values passed between components; a field that a model cannot fill is None, never absent.

Axes: `b` batch, `c` channels, `t` time, `n` tokens, `d` width, `q` code levels, `k` codes or classes, `s` samples of a
shape, `h w` image.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from zoo_registry.attributes import LENGTH, START

Losses = Mapping[str, Tensor]
"""Unweighted loss terms by name, each a scalar; `z.commit` is a part of `z`, logged and never weighted again."""

Stats = Mapping[str, Tensor]
"""The input of a quantizer's ``update``; its ``merge`` combines those of accumulated batches."""


Attributes = Mapping[str, Tensor]
"""What an encoder's spec declares, by name and in that order: each `(b c n)`; empty if it declares none."""

_NONE: Attributes = {}


class Tokens(NamedTuple):
    """Tokens `values (b c n d)`; `mask (b c n)` True = real, None = all real.

    ``spans`` are the samples of a series that each of the n tokens covers, if they are the same for all series.
    """

    values: Tensor
    mask: Tensor | None = None
    attributes: Attributes = _NONE
    spans: tuple[int, ...] | None = None

    @property
    def places(self) -> tuple[Tensor, Tensor] | None:
        """Start and length of each token, `t` and `l`, `(b c n)` each; None if the encoder does not give both."""
        start, length = self.attributes.get(START.name), self.attributes.get(LENGTH.name)
        return None if start is None or length is None else (start, length)

    def features(self) -> Tensor:
        """Values with a attributes appended, `(b c n d+a)`."""
        if not self.attributes:
            return self.values
        return torch.cat([self.values, torch.stack(list(self.attributes.values()), -1)], -1)


class Quantized(NamedTuple):
    """Tokens replaced by codes.

    ``values (b c n d)`` carry a straight-through gradient; ``codes (b c n q)`` are int64, in range everywhere;
    ``latents (b c n e)`` are the quantizer's input, in the width of the codebook; ``stats`` exist only in training
    mode.
    """

    values: Tensor
    codes: Tensor
    latents: Tensor
    stats: Stats | None = None


class Tokenized(NamedTuple):
    """The representation of a signal for classifiers outside the zoo.

    ``tokens (b c n d)`` are the tokens that decoders read, with their attributes appended; ``histogram
    (b c q k)`` counts each code over real tokens, int64; None for a model without a quantizer.
    """

    tokens: Tensor
    histogram: Tensor | None


@dataclass(frozen=True)
class CodeTable:
    """All possible tokens: `rows (k d)`, detached, and each token's row `index (b c n)`."""

    rows: Tensor
    index: Tensor

    def used(self) -> "CodeTable":
        """The same without unused rows; waits for the device."""
        rows, index = torch.unique(self.index, return_inverse=True)
        return CodeTable(self.rows[rows], index)


class Decoded(NamedTuple):
    """A reconstructed `series (b c t)` and, from decoders that draw them, `shapes (b c n s)`, both in the encoder's
    scale."""

    series: Tensor
    shapes: Tensor | None = None


class Scale(NamedTuple):
    """Mean and deviation removed from each folded series, `(b c 1)` each."""

    mean: Tensor
    std: Tensor


class Tapped(NamedTuple):
    """Logits `(b k)` of a head with the features behind them, `(b ...)` each, from first to last."""

    logits: Tensor
    features: tuple[Tensor, ...]


@dataclass
class Output:
    """All results of one forward pass.

    ``x (b c t)`` is the input signal, or `(b c h w)` the input images; ``x_recon (b c t)`` and ``shapes (b c n s)`` are
    in its units (shapes: of the folded series), ``mask (b c t)`` is True where observed, ``logits (b k)``. ``features``
    are those of `Tapped`, empty unless they were asked for. ``actions`` are text tokens, quantized by a text component
    that has a codebook of its own.
    """

    x: Tensor
    mask: Tensor | None = None
    x_recon: Tensor | None = None
    shapes: Tensor | None = None
    scale: Scale | None = None
    tokens: Tokens | None = None
    quantized: Quantized | None = None
    image: Tensor | None = None
    logits: Tensor | None = None
    features: tuple[Tensor, ...] = ()
    actions: Quantized | None = None
    losses: dict[str, Tensor] = field(default_factory=dict)

    @property
    def attributes(self) -> Attributes:
        """Attributes of the tokens by name, `(b c n)` each."""
        return self.tokens.attributes if self.tokens else {}

    @property
    def coded(self) -> Tokens | None:
        """Tokens as decoders and heads read them: quantized if the model has a quantizer."""
        if self.tokens is None or self.quantized is None:
            return self.tokens
        return self.tokens._replace(values=self.quantized.values)


@dataclass
class EncodedOutput(Output):
    """The output of a model with an encoder."""

    tokens: Tokens = field(kw_only=True)

    @property
    def coded(self) -> Tokens:
        """Tokens as decoders and heads read them: quantized if the model has a quantizer."""
        return self.tokens if self.quantized is None else self.tokens._replace(values=self.quantized.values)


@dataclass
class DecodedOutput(Output):
    """The output of a model with a decoder."""

    x_recon: Tensor = field(kw_only=True)


@dataclass
class CodedOutput(EncodedOutput):
    """The output of a model with a quantizer."""

    quantized: Quantized = field(kw_only=True)
