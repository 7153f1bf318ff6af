"""Vector quantization by angle: latents and codes on the unit sphere."""

import torch
from torch import Tensor
from torch.nn import functional as F
from zoo_registry import LearnedQuantizerSpec

from zoo_quantizers.codebook import Codebook
from zoo_quantizers.latent import at_least_float32
from zoo_quantizers.vector import SoftChoice, VectorQuantizer

_FAINT = 1e-6


class UnitCodebook(Codebook):
    """One level of ``codes (1 k e)`` of length 1, the directions of the moving averages of their tokens."""

    unit = True

    def __init__(self, codes: int, width: int, decay: float, spec: LearnedQuantizerSpec) -> None:
        super().__init__(1, codes, width, decay, spec)
        self.codes.copy_(F.normalize(self.codes, dim=-1))
        self.sums.copy_(self.codes)

    def settle(self) -> Tensor:
        """Codes `(1 k e)`; a code stays unchanged if its average has decayed to about 0 after many steps without
        tokens."""
        length = self.sums.norm(dim=-1, keepdim=True)
        return torch.where(length > _FAINT, self.sums / length.clamp(min=_FAINT), self.codes)


class CosineQuantizer(VectorQuantizer):
    """Tokens `(b c n d)` normalised to length 1 and replaced by the code at the smallest angle (Yu et al. 2022)."""

    def __init__(self, tokens: int, codebook: UnitCodebook, commit: float, choice: SoftChoice) -> None:
        super().__init__(tokens, codebook, commit, choice)

    def latents(self, values: Tensor) -> Tensor:
        return F.normalize(at_least_float32(super().latents(values)), dim=-1)
