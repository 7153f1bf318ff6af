"""What a token reads from its own stretch of the series: level, scale, and the normalised form."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from zoo_registry import ShapeError

from zoo.contracts import instance_scale, read_stretches
from zoo_vqshape.grid import Span
from zoo_vqshape.mlp import mlp

_LEAST_OBSERVED = 0.5
"""Share of a stretch that must be observed for its token to be real, if the series has such a stretch."""


class Places(nn.Module):
    """Where the tokens of a grid lie: the same for every series of ``length`` samples."""

    start: Tensor
    share: Tensor

    def __init__(self, length: int, grid: tuple[Span, ...]) -> None:
        super().__init__()
        self.length, self.spans = length, tuple(span.samples for span in grid)
        steps = length - 1
        self.register_buffer("start", torch.tensor([span.start / steps for span in grid]), persistent=False)
        self.register_buffer("share", torch.tensor([(span.samples - 1) / steps for span in grid]), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """t and l `(b c n)` for `x (b c t)`; raise ShapeError for series of another length."""
        if x.shape[-1] != self.length:
            hint = "bring the series to that length, or build the model for theirs"
            raise ShapeError("encoder", f"series of {self.length} samples", str(x.shape[-1]), hint)
        size = (*x.shape[:2], -1)
        return self.start.expand(size), self.share.expand(size)


class Stretch(NamedTuple):
    """Standardised samples `form (b c n s)`, 0 where unobserved; `mu` and `sigma (b c n)`, their mean and deviation
    before standardisation; `real (b c n)` marks real tokens, None = all."""

    form: Tensor
    mu: Tensor
    sigma: Tensor
    real: Tensor | None


class StretchReader(nn.Module):
    """Reads a series at ``samples`` places under every token and standardises them.

    The deviation is at least ``floor`` times that of the whole series, so that the noise of a flat stretch is not
    amplified to a shape.
    """

    def __init__(self, samples: int, floor: float) -> None:
        super().__init__()
        self.samples, self.floor = samples, floor

    def forward(self, series: Tensor, start: Tensor, length: Tensor, mask: Tensor | None = None) -> Stretch:
        """`(b c t)`, with ``start`` and ``length (b c n)`` as shares of it."""
        values, observed = read_stretches(series, start, length, self.samples, mask)
        flat, seen = values.flatten(0, 1), None if observed is None else observed.flatten(0, 1)
        mu, sigma = (part.view(values.shape[:-1]) for part in instance_scale(flat, seen))
        least = self.floor * instance_scale(series, mask)[1]
        form = (values - mu.unsqueeze(-1)) / torch.maximum(sigma, least).unsqueeze(-1)
        if observed is None:
            return Stretch(form, mu, sigma, None)
        return Stretch(torch.where(observed, form, 0), mu, sigma, _real(observed))


def _real(observed: Tensor) -> Tensor:
    """Tokens `(b c n)` that are at least half observed. A series without such tokens uses those with any observed
    sample, else all."""
    share = observed.float().mean(-1)
    real = share >= _LEAST_OBSERVED
    for weaker in (share > 0, torch.ones_like(real)):
        real = torch.where(real.any(-1, keepdim=True), real, weaker)
    return real


class ReadOut(nn.Module):
    """Maps a standardised stretch `(... s)` to a code vector `(... d)` with two hidden layers."""

    def __init__(self, samples: int, hidden: int, code_dim: int) -> None:
        super().__init__()
        self.layers = mlp(samples, hidden, code_dim)

    def forward(self, form: Tensor) -> Tensor:
        out: Tensor = self.layers(form)
        return out.to(next(self.parameters()).dtype)
