"""Gramian angular fields (Wang & Oates 2015, arXiv:1506.00327)."""

from typing import Literal

import torch
from torch import Tensor

from zoo.contracts import Image, without_autocast

Method = Literal["summation", "difference"]


class GramianAngularImage(Image):
    """`(b c t) -> (b c h w)`, h = w = size, values in [-1, 1]: cos(phi_i + phi_j), or sin(phi_i − phi_j).

    cos(phi) is the channel averaged over ``size`` segments with borders floor(i t / size), then scaled to [-1, 1] by
    its own minimum and maximum. A constant channel counts as -1 throughout and gives an image of ones, or of zeros for
    differences. Means, minimum and maximum are over observed samples; pixels of a segment without any are 0. Offset and
    scale of a channel are lost.
    """

    inside: Tensor

    def __init__(self, length: int, size: int, method: Method = "summation") -> None:
        super().__init__()
        self.method = method
        borders = torch.arange(size + 1) * length // size
        samples = torch.arange(length)[:, None]
        self.register_buffer("inside", (borders[:-1] <= samples) & (samples < borders[1:]), persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Image of `x (b c t)`, in its dtype; ``mask`` is True where observed."""
        means, seen = self._segment_means(x, mask)
        cosine, sine = (part.to(x.dtype) for part in _angles(means, seen))
        if self.method == "summation":
            rows, columns = torch.stack((cosine, sine), -1), torch.stack((cosine, -sine), -2)
        else:
            rows, columns = torch.stack((sine, cosine), -1), torch.stack((cosine, -sine), -2)
        with without_autocast(x.device):
            return rows @ columns

    def _segment_means(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean over observed samples of each segment `(b c n)` in float64, and which segments have any.

        In float32, the mean of a channel around 1 has an error of 6e-8, which is a tenth of a range of 1e-6.
        """
        inside = self.inside.double()
        count = inside.sum(0) if mask is None else mask.double() @ inside
        total = (x if mask is None else torch.where(mask, x, 0)).double() @ inside
        return total / count.clamp(min=1), (count > 0).expand_as(total)


def _angles(means: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of phi `(b c n)`, where (1 + cos phi) / 2 is the position between minimum and maximum.

    Both are 0 where not ``seen``. The sine is 2 sqrt(rise fall) rather than sqrt(1 - cos²), which loses half its digits
    near the extremes.
    """
    limit = torch.finfo(means.dtype).max
    low = torch.where(seen, means, limit).amin(-1, keepdim=True)
    high = torch.where(seen, means, -limit).amax(-1, keepdim=True)
    varies = high > low
    span = torch.where(varies, high - low, 1)
    rise = torch.where(varies & seen, (means - low) / span, 0)
    fall = torch.where(varies & seen, (high - means) / span, seen.to(means.dtype))
    product = rise * fall
    # The gradient of the square root is infinite at 0. An extreme stays an extreme, so its gradient is 0.
    between = product > 0
    sine = torch.where(between, 2 * torch.where(between, product, 1).sqrt(), 0)
    return rise - fall, sine
