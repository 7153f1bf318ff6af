"""The codebook of VQShape: nearest code by squared Euclidean distance, learned by gradient."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import LearnedQuantizerSpec

from zoo.contracts import (
    CodebookMaintenance,
    Losses,
    Quantized,
    Quantizer,
    ResizeCodes,
    Resizing,
    Stats,
    choice_entropy,
    masked_mse,
    nearest,
    observed,
    straight_through,
    summed,
    without_autocast,
)

_LEAST = 1e-5
"""Lower bound on p inside the logarithm, as published."""


class Codebook(Quantizer):
    """``codes`` vectors of width ``dim``; ``codebook``, ``commit``, ``entropy``, ``orthogonal`` are weights of parts of
    ``z``.

    ``gamma`` and ``temperature`` belong to the entropy part. Codes are initialised uniformly in ±1 / codes, unless the
    ``spec`` sets another start.
    """

    def __init__(
        self,
        *,
        codes: int,
        dim: int,
        codebook: float,
        commit: float,
        entropy: float,
        orthogonal: float,
        gamma: float,
        temperature: float,
        spec: LearnedQuantizerSpec,
    ) -> None:
        super().__init__()
        self.weights = {"codebook": codebook, "commit": commit, "entropy": entropy}
        if orthogonal:
            self.weights["orthogonal"] = orthogonal
        self.gamma = gamma
        self.temperature = temperature
        self.precision = spec.precision
        self.embedding = nn.Embedding(codes, dim)
        nn.init.uniform_(self.embedding.weight, -1 / codes, 1 / codes)
        self.care = CodebookMaintenance(spec, 1, codes)
        self.moves = self.care.active
        self._place(self.care.first(self.embedding.weight))

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        """`(b c n d)` to codes `(b c n 1)`; the gradient of the values passes straight through."""
        latents = values.to(self.embedding.weight.dtype)
        with torch.no_grad():
            codes = nearest(latents, self.embedding.weight, self.precision)[..., None]
            chosen = self.decode(codes)
            stats = self._stats(latents, codes, mask) if self.training else None
        return Quantized(straight_through(chosen, latents), codes, latents, stats)

    def decode(self, codes: Tensor) -> Tensor:
        """`(... 1) -> (... d)`."""
        return F.embedding(codes.squeeze(-1), self.embedding.weight)

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        """``z``, the weighted sum, and its parts unweighted.

        ``z.codebook`` is mean (code − sg[z])², ``z.commit`` mean (sg[code] − z)² and ``z.entropy`` mean H(p) − gamma ·
        H(mean p), with p = softmax(−distance / temperature) over codes, H(p) = −Σ p log max(p, 1e-5) and mean p over
        all processes. ``z.orthogonal``, if its weight is not 0, is the mean squared cosine between codes.
        """
        latents, chosen = quantized.latents, self.decode(quantized.codes)
        parts = {
            "codebook": masked_mse(chosen, latents.detach(), mask),
            "commit": masked_mse(latents, chosen.detach(), mask),
            "entropy": choice_entropy(latents, self.embedding.weight, mask, self.temperature, self.gamma, _LEAST),
        }
        if "orthogonal" in self.weights:
            parts["orthogonal"] = self._alikeness()
        total = torch.stack([self.weights[name] * part for name, part in parts.items()]).sum()
        return {"z": total, **{f"z.{name}": part for name, part in parts.items()}}

    def part_weights(self) -> Mapping[str, float]:
        return {f"z.{name}": weight for name, weight in self.weights.items()}

    def merge(self, one: Stats, other: Stats) -> Stats:
        return self.care.merge(one, other)

    @torch.no_grad()
    def update(self, stats: Stats) -> None:
        """Initialise codes and reset dead ones; the optimizer state of these codes is not reset."""
        if self.care.due(stats):
            self._place(self.care.start(stats).codes[0])
            return
        dead = self.care.dead(summed(stats["counts"])[None])
        if dead is not None:
            drawn = self.care.drawn(self.care.tokens(stats)[:, None], dead)
            self.embedding.weight[dead[0]] = drawn.to(self.embedding.weight)

    def resizing(self) -> Resizing:
        return Resizing({"embedding": ResizeCodes("weight")}) | self.care.resizing().within("care")

    def _alikeness(self) -> Tensor:
        """Mean squared cosine between different codes; Σᵢⱼ (cᵢ·cⱼ)² equals the same sum over the small matrix Cᵀ C."""
        with without_autocast(self.embedding.weight.device):
            unit = F.normalize(self.embedding.weight, dim=-1)
            squares = (unit.T @ unit).square().sum() - unit.square().sum(-1).square().sum()
        return squares / (len(unit) * (len(unit) - 1))

    @torch.no_grad()
    def _place(self, codes: Tensor) -> None:
        self.embedding.weight.copy_(codes)

    def _stats(self, latents: Tensor, codes: Tensor, mask: Tensor | None) -> Stats:
        """Tokens per code, ``counts (k)``, over real tokens, plus the statistics for codebook maintenance."""
        return {"counts": self._count(codes, mask), **self.care.stats(self.embedding.weight, latents, mask)}

    def _count(self, codes: Tensor, mask: Tensor | None) -> Tensor:
        real = observed(mask, codes).to(codes.dtype).flatten()
        return codes.new_zeros(self.embedding.num_embeddings).index_add(0, codes.flatten(), real)
