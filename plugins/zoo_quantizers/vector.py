"""Vector quantization with a learned codebook, of one level or of several."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import torch
from torch import Tensor

from zoo.contracts import Losses, Quantized, ResizeCodes, Resizing, Stats, choice_entropy, through
from zoo_quantizers.codebook import Codebook
from zoo_quantizers.latent import LatentQuantizer, at_least_float32


@dataclass(frozen=True)
class SoftChoice:
    """The entropy part of `z`: its ``weight``, the weight of diversity within it, and the temperature in squared
    distance."""

    weight: float
    diversity: float
    temperature: float


class VectorQuantizer(LatentQuantizer):
    """Tokens `(b c n d)` as the sum over levels of their nearest codes in ``codebook``."""

    moves = True

    def __init__(self, tokens: int, codebook: Codebook, commit: float, choice: SoftChoice) -> None:
        super().__init__(tokens, codebook.width)
        self.codebook = codebook
        self.commit, self.choice = commit, choice

    def assign(self, latents: Tensor) -> Tensor:
        return self.codebook.assign(latents)

    def vectors(self, codes: Tensor) -> Tensor:
        chosen = self.codebook.lookup(codes)
        return chosen.squeeze(-2) if codes.shape[-1] == 1 else chosen.sum(-2)

    def through(self, latents: Tensor, codes: Tensor) -> Tensor:
        if self.codebook.levels > 1:
            return super().through(latents, codes)
        return through(latents, self.codebook.codes[0], codes.squeeze(-1))

    def stats(self, latents: Tensor, codes: Tensor, mask: Tensor | None) -> Stats:
        return self.codebook.stats(latents, codes, mask)

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        """``z.commit``: mean squared distance between the input of each level and its code. ``z.entropy``, if its
        weight is not 0: `choice_entropy` of softmax(−|input − code|² / temperature), averaged over levels."""
        commit = self.codebook.commitment(quantized.latents, quantized.codes, mask)
        if not self.choice.weight:
            return {"z": self.commit * commit, "z.commit": commit}
        entropy = self._entropy(self.codebook.residuals(quantized.latents, quantized.codes), mask)
        return {"z": self.commit * commit + self.choice.weight * entropy, "z.commit": commit, "z.entropy": entropy}

    def part_weights(self) -> Mapping[str, float]:
        return {"z.commit": self.commit} | ({"z.entropy": self.choice.weight} if self.choice.weight else {})

    def merge(self, one: Stats, other: Stats) -> Stats:
        return self.codebook.care.merge(one, other)

    def update(self, stats: Stats) -> None:
        self.codebook.update(stats)

    def resizing(self) -> Resizing:
        codes = Resizing({"codebook": ResizeCodes("codes", "counts", "sums", unit=self.codebook.unit)})
        return codes | self.codebook.care.resizing().within("codebook.care")

    def _entropy(self, given: Tensor, mask: Tensor | None) -> Tensor:
        levels = at_least_float32(given).unbind(-2)
        _, diversity, temperature = astuple(self.choice)
        terms = [
            choice_entropy(level, codes, mask, temperature, diversity)
            for level, codes in zip(levels, self.codebook.codes, strict=True)
        ]
        return torch.stack(terms).mean()
