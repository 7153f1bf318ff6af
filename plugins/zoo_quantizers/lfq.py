"""Lookup-free quantization: the signs of a token's dimensions are its code."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts import Losses, Quantized, entropy, masked_mean, masked_mse, observed, pooled_mean, zeroed
from zoo_quantizers.latent import LatentQuantizer, at_least_float32


class LookupFreeQuantizer(LatentQuantizer):
    """Tokens `(b c n d)` to ``bits`` signs; bit i of the code is set where latent i is positive.

    A token's distribution over the codes, p(c) ∝ exp(−|z − c|² / temperature), factorises into independent bits. So the
    entropy terms are exact, without a table of tokens by codes.
    """

    powers: Tensor
    ones: Tensor

    def __init__(
        self, tokens: int, bits: int, commit: float, entropy: float, diversity: float, temperature: float
    ) -> None:
        super().__init__(tokens, bits)
        self.commit, self.entropy, self.diversity, self.temperature = commit, entropy, diversity, temperature
        self.register_buffer("powers", 2 ** torch.arange(bits), persistent=False)
        self.register_buffer("ones", torch.ones(bits), persistent=False)

    def assign(self, latents: Tensor) -> Tensor:
        return ((latents > 0) * self.powers).sum(-1, keepdim=True)

    def vectors(self, codes: Tensor) -> Tensor:
        return torch.where(codes & self.powers > 0, self.ones, -self.ones)

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        """``z.commit``: mean squared distance from the signs; ``z.entropy``: mean entropy of the tokens' distributions
        minus ``diversity`` times the entropy of their mean over all processes, in nats, so it may be negative; ``z`` is
        their weighted sum."""
        latents = zeroed(at_least_float32(quantized.latents), mask)
        commit = masked_mse(latents, self.vectors(quantized.codes), mask)
        logits = latents * (4 / self.temperature)
        token_entropy = masked_mean(_bit_entropy(logits).sum(-1), mask)
        gain = token_entropy - self.diversity * entropy(_mean_distribution(logits.sigmoid(), mask).flatten())
        return {"z": self.commit * commit + self.entropy * gain, "z.commit": commit, "z.entropy": gain}

    def part_weights(self) -> Mapping[str, float]:
        return {"z.commit": self.commit, "z.entropy": self.entropy}


def _mean_distribution(bits: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over real tokens of all processes of the distributions over codes whose bits have probability `(b c n e)`.

    Half of the bits index the rows and half the columns, so that the mean over tokens is one matrix product.
    """
    rows, columns = (_product(part.flatten(0, -2)) for part in bits.tensor_split(2, -1))
    real = observed(mask, bits[..., 0]).reshape(-1, 1)
    with torch.autocast(bits.device.type, enabled=False):
        return pooled_mean(torch.where(real, rows, 0).T @ columns, real.sum())


def _product(bits: Tensor) -> Tensor:
    """Probability of every combination of independent bits: `(r e) -> (r 2^e)`."""
    table = bits.new_ones(len(bits), 1)
    for bit in bits.unbind(-1):
        table = torch.cat([table * (1 - bit[:, None]), table * bit[:, None]], -1)
    return table


def _bit_entropy(logits: Tensor) -> Tensor:
    return F.softplus(logits) - logits * logits.sigmoid()
