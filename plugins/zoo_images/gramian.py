"""Gramian angular summation field (Wang & Oates 2015, arXiv:1506.00327)."""

import torch
from einops import rearrange
from torch import Tensor

from zoo.contracts import Image, observed


class GramianAngularImage(Image):
    """`(b c t) -> (b c h w)`, h = w = size, values in [-1, 1]: cos(phi_i + phi_j).

    cos(phi) is the channel averaged over ``size`` segments with borders floor(i t / size), then scaled to [-1, 1] by
    its own minimum and maximum. A constant channel counts as -1 throughout and gives an image of ones. Means, minimum
    and maximum are over observed samples; pixels of a segment without any are 0. Offset and scale of a channel are
    lost.
    """

    segments: Tensor
    inside: Tensor

    def __init__(self, length: int, size: int) -> None:
        super().__init__()
        borders = torch.arange(size + 1) * length // size
        samples = borders[:-1, None] + torch.arange(-(-length // size))
        self.register_buffer("segments", samples.clamp(max=length - 1), persistent=False)
        self.register_buffer("inside", samples < borders[1:, None], persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Image of `x (b c t)`; ``mask`` is True where observed."""
        means, seen = self._segment_means(x, observed(mask, x))
        cosine, sine = _angles(means, seen)
        image = _outer(cosine, cosine) - _outer(sine, sine)
        return torch.where(_outer(seen, seen), image, 0)

    def _segment_means(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean over observed samples of each segment `(b c n)`, and which segments have any."""
        counted = mask[..., self.segments] & self.inside
        total = torch.where(counted, x[..., self.segments], 0).sum(-1)
        return total / counted.sum(-1).clamp(min=1), counted.any(-1)


def _angles(means: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of phi `(b c n)`, where (1 + cos phi) / 2 is the position between minimum and maximum.

    The sine is 2 sqrt(rise fall) rather than sqrt(1 - cos²), which loses half its digits near the extremes.
    """
    limit = torch.finfo(means.dtype).max
    low = torch.where(seen, means, limit).amin(-1, keepdim=True)
    high = torch.where(seen, means, -limit).amax(-1, keepdim=True)
    varies = high > low
    span = torch.where(varies, high - low, 1)
    rise = torch.where(varies & seen, (means - low) / span, 0)
    fall = torch.where(varies & seen, (high - means) / span, 1)
    product = rise * fall
    # The gradient of the square root is infinite at 0. An extreme stays an extreme, so its gradient is 0.
    between = product > 0
    sine = torch.where(between, 2 * torch.where(between, product, 1).sqrt(), 0)
    return rise - fall, sine


def _outer(rows: Tensor, columns: Tensor) -> Tensor:
    return rearrange(rows, "b c h -> b c h 1") * rearrange(columns, "b c w -> b c 1 w")
