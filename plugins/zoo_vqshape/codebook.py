"""The codebook of VQShape: nearest code by squared Euclidean distance, learned by gradient."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import Losses, Quantized, Quantizer, ResizeCodes, Resizing, masked_mean
from zoo_vqshape.precision import without_autocast


class Codebook(Quantizer):
    """``codes`` vectors of width ``dim``; ``codebook``, ``commit`` and ``entropy`` weigh the parts of ``z``.

    ``gamma`` and ``temperature`` are those of the entropy part. Codes start uniform in ±1 / codes.
    """

    def __init__(
        self, *, codes: int, dim: int, codebook: float, commit: float, entropy: float, gamma: float, temperature: float
    ) -> None:
        super().__init__()
        self.weights = {"codebook": codebook, "commit": commit, "entropy": entropy}
        self.gamma = gamma
        self.temperature = temperature
        self.embedding = nn.Embedding(codes, dim)
        nn.init.uniform_(self.embedding.weight, -1 / codes, 1 / codes)

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        """`(b c n d)` to codes `(b c n 1)`; the gradient of the values passes straight through."""
        latents = values.to(self.embedding.weight.dtype)
        with torch.no_grad():
            codes = self._distances(latents).argmin(-1, keepdim=True)
            chosen = self.decode(codes)
            stats = {"counts": self._count(codes, mask)} if self.training else None
        # Adding a difference of 0 leaves the code exact, which z + (code - z) does not.
        return Quantized(chosen + (latents - latents.detach()), codes, latents, stats)

    def decode(self, codes: Tensor) -> Tensor:
        """`(... 1) -> (... d)`."""
        return F.embedding(codes.squeeze(-1), self.embedding.weight)

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        """``z``, the weighted sum, and its parts unweighted.

        ``z.codebook`` is mean (code − sg[z])², ``z.commit`` mean (sg[code] − z)² and ``z.entropy`` mean H(p) − gamma ·
        H(mean p), with p = softmax(−distance / temperature) over codes and H(p) = −Σ p log max(p, 1e-5).
        """
        latents, chosen = quantized.latents, self.decode(quantized.codes)
        parts = {
            "codebook": masked_mean((chosen - latents.detach()).square(), mask),
            "commit": masked_mean((chosen.detach() - latents).square(), mask),
            "entropy": self._entropy(latents, mask),
        }
        total = torch.stack([self.weights[name] * part for name, part in parts.items()]).sum()
        return {"z": total, **{f"z.{name}": part for name, part in parts.items()}}

    def resizing(self) -> Resizing:
        return Resizing({"embedding": ResizeCodes("weight")})

    def _distances(self, latents: Tensor) -> Tensor:
        """`(... d) -> (... k)`: |c|² − 2 z·c, which is the squared distance but for |z|², equal for all codes."""
        with without_autocast(latents.device):
            codes = self.embedding.weight
            return codes.square().sum(-1) - 2 * F.linear(latents, codes)

    def _entropy(self, latents: Tensor, mask: Tensor | None) -> Tensor:
        choice = F.softmax(-self._distances(latents) / self.temperature, -1).flatten(0, -2)
        real = None if mask is None else mask.flatten()
        mean = choice.mean(0)
        if real is not None:
            mean = torch.where(real.unsqueeze(-1), choice, 0).sum(0) / real.sum().clamp(min=1)
        return masked_mean(_entropy(choice), real) - self.gamma * _entropy(mean)

    def _count(self, codes: Tensor, mask: Tensor | None) -> Tensor:
        real = torch.ones_like(codes) if mask is None else mask.to(codes.dtype)
        return codes.new_zeros(self.embedding.num_embeddings).index_add(0, codes.flatten(), real.flatten())


def _entropy(p: Tensor) -> Tensor:
    return -(p * p.clamp(min=1e-5).log()).sum(-1)
