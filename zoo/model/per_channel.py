"""A separate codebook for every folded channel, for any quantizer."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from zoo_registry import QuantizerSpec, Shape

from zoo.contracts import Losses, Quantized, Quantizer, Resizing, Stats, observed


class PerChannel(Quantizer):
    """One quantizer per channel of `(b c n d)`; codes of different channels are unrelated."""

    def __init__(self, quantizers: Sequence[Quantizer]) -> None:
        super().__init__()
        self.quantizers = nn.ModuleList(quantizers)
        self.moves = any(quantizer.moves for quantizer in quantizers)

    def _members(self) -> list[Quantizer]:
        return [member for member in self.quantizers if isinstance(member, Quantizer)]

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        parts = [
            member(values[:, c : c + 1], None if mask is None else mask[:, c : c + 1])
            for c, member in enumerate(self._members())
        ]
        stats = {f"{c}.{name}": value for c, part in enumerate(parts) for name, value in (part.stats or {}).items()}
        return Quantized(
            values=torch.cat([part.values for part in parts], 1),
            codes=torch.cat([part.codes for part in parts], 1),
            latents=torch.cat([part.latents for part in parts], 1),
            stats=stats or None,
        )

    def decode(self, codes: Tensor) -> Tensor:
        """`(b c n q) -> (b c n d)`."""
        return torch.cat([member.decode(codes[:, c : c + 1]) for c, member in enumerate(self._members())], 1)

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        """Each term as the mean over channels, weighted by their real tokens."""
        total: dict[str, Tensor] = {}
        weights = self._weights(quantized.codes, mask)
        for c, member in enumerate(self._members()):
            own = slice(c, c + 1)
            part = Quantized(quantized.values[:, own], quantized.codes[:, own], quantized.latents[:, own])
            for name, value in member.losses(part, None if mask is None else mask[:, own]).items():
                total[name] = total.get(name, torch.zeros_like(value)) + weights[c] * value
        return total

    def part_weights(self) -> Mapping[str, float]:
        """Those of the first quantizer; all have the same spec."""
        return self._members()[0].part_weights()

    def _weights(self, codes: Tensor, mask: Tensor | None) -> Tensor:
        real = observed(mask, codes[..., 0]).sum((0, 2)).double()
        return (real / real.sum().clamp(min=1)).float()

    def merge(self, one: Stats, other: Stats) -> Stats:
        merged = (member.merge(_own(one, c), _own(other, c)) for c, member in enumerate(self._members()))
        return {f"{c}.{name}": value for c, part in enumerate(merged) for name, value in part.items()}

    def update(self, stats: Stats) -> None:
        for c, member in enumerate(self._members()):
            if own := _own(stats, c):
                member.update(own)

    def resizing(self) -> Resizing:
        found = Resizing()
        for c, member in enumerate(self._members()):
            found |= member.resizing().within(f"quantizers.{c}")
        return found


def _own(stats: Stats, channel: int) -> Stats:
    """The part of ``stats`` for one channel."""
    return {name.partition(".")[2]: value for name, value in stats.items() if name.startswith(f"{channel}.")}


def build_quantizer(spec: QuantizerSpec, tokens: Shape, codebook: Literal["shared", "per_channel"]) -> Quantizer:
    """The quantizer of `tokens (c n d)`: one codebook for all channels, or one for each."""
    if codebook == "shared":
        shared: Quantizer = spec.build(tokens)
        return shared
    one = tokens.replace(c=1)
    return PerChannel([spec.build(one) for _ in range(tokens["c"])])
