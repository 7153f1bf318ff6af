"""Finite scalar quantization: every dimension rounded to a few levels."""

from collections.abc import Sequence

import torch
from torch import Tensor

from zoo.contracts import Losses, Quantized
from zoo_quantizers.latent import LatentQuantizer, at_least_float32

_MARGIN = 1e-3
"""Relative margin that keeps tanh inside half the levels, so that rounding stays in range (Mentzer et al. 2023)."""


class FiniteScalarQuantizer(LatentQuantizer):
    """Tokens `(b c n d)` to `e = len(levels)` numbers in [-1, 1], number i on one of ``levels[i]`` steps.

    Latents are tanh(z + shift) · reach − offset, as in the authors' listing, divided by ⌊levels / 2⌋. Codes are the
    rounded latents; the first dimension varies fastest.
    """

    sizes: Tensor
    basis: Tensor
    middle: Tensor
    reach: Tensor
    offset: Tensor

    def __init__(self, tokens: int, levels: Sequence[int]) -> None:
        super().__init__(tokens, len(levels))
        sizes = torch.tensor(levels)
        ones = torch.ones(1, dtype=torch.int64)
        self.register_buffer("sizes", sizes, persistent=False)
        self.register_buffer("basis", torch.cat([ones, sizes.cumprod(0)[:-1]]), persistent=False)
        self.register_buffer("middle", sizes // 2, persistent=False)
        self.register_buffer("reach", (sizes - 1) * (1 - _MARGIN) / 2, persistent=False)
        self.register_buffer("offset", (1 - sizes % 2) / 2, persistent=False)

    def latents(self, values: Tensor) -> Tensor:
        z = at_least_float32(super().latents(values))
        shift = (self.offset / self.reach).tan()
        return ((z + shift).tanh() * self.reach - self.offset) / self.middle

    def assign(self, latents: Tensor) -> Tensor:
        # A NaN has no level: its code stays in range, and the values show the NaN.
        steps = (latents * self.middle).round().nan_to_num().to(torch.int64) + self.middle
        return (steps * self.basis).sum(-1, keepdim=True)

    def vectors(self, codes: Tensor) -> Tensor:
        steps = codes // self.basis % self.sizes
        return (steps - self.middle) / self.middle.to(self.reach.dtype)

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        """``z`` is 0: the reconstruction is the only objective."""
        return {"z": quantized.latents.new_zeros(())}
