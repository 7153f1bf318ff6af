"""The common forward pass of all quantizers: project in, quantize, straight-through, project out."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from zoo.contracts import Quantized, Quantizer, Stats, straight_through


class LatentQuantizer(Quantizer):
    """Tokens `(b c n d) ->` latents `(b c n e) ->` codes `(b c n q)` and back; both projections are identities if d =
    e.

    Values are exactly the decoded codes, with the gradient of the latents (straight-through, Bengio et al. 2013).
    """

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.project_in = _projection(tokens, width)
        self.project_out = _projection(width, tokens)

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        latents = self.latents(values)
        codes = self.assign(latents.detach())
        vectors = self.through(latents, codes)
        stats = self.stats(latents.detach(), codes, mask) if self.training else None
        return Quantized(self.project_out(vectors).to(values.dtype), codes, latents, stats)

    def decode(self, codes: Tensor) -> Tensor:
        """`(... q) -> (... d)`."""
        decoded: Tensor = self.project_out(self.vectors(codes))
        return decoded

    def latents(self, values: Tensor) -> Tensor:
        """The latents to quantize: `(... d) -> (... e)`."""
        projected: Tensor = self.project_in(values)
        return projected

    @abstractmethod
    def assign(self, latents: Tensor) -> Tensor:
        """Codes of latents: `(... e) -> (... q)`, in range for any latents."""

    @abstractmethod
    def vectors(self, codes: Tensor) -> Tensor:
        """The latents that codes represent: `(... q) -> (... e)`."""

    def through(self, latents: Tensor, codes: Tensor) -> Tensor:
        """The vectors of the codes, with the gradient of the latents."""
        return straight_through(self.vectors(codes), latents)

    def stats(self, latents: Tensor, codes: Tensor, mask: Tensor | None) -> Stats | None:
        """The input of ``update``, summed over real tokens; None if there is nothing to update."""
        return None


def at_least_float32(x: Tensor) -> Tensor:
    """``x`` in float32, or in float64 if it has that type."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _projection(source: int, target: int) -> nn.Module:
    return nn.Identity() if source == target else nn.Linear(source, target)
