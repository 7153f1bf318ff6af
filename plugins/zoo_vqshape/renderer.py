"""The renderer: a series drawn only with its shapes, each at its token's place."""

from itertools import accumulate, groupby

import torch
from torch import Tensor

from zoo.contracts import CodeTable, Decoded, Resizing, Tokens, instance_scale, recording
from zoo_vqshape.drawing import DrawsShapes
from zoo_vqshape.shapes import ShapeNetwork

_FAINT = 1e-3
"""Weight at the ends of a window, so that a sample covered by a single token still gets its value."""
_NOTHING = 1e-9
"""Weight of the level that fills samples without a token."""
_ROUNDING = 1e-3
"""Tolerance, in samples, within which a place starts or ends on a sample, in a series of usual length."""
_SHARE_ROUNDING = 2**-22
"""The same tolerance as a share of the series: places are float32, which resolves a sample less well in longer
series."""
_FLOOR = 0.05


class Renderer(DrawsShapes):
    """Tokens with attributes to series of ``length`` samples: the overlap-add of sigma · shape + mu.

    ``network`` draws the shapes; if ``normalised``, `s` compares them without mu and sigma.
    """

    def __init__(self, network: ShapeNetwork, length: int, normalised: bool) -> None:
        super().__init__()
        self.shapes = network
        self.length, self.normalised = length, normalised

    def forward(self, tokens: Tokens, table: CodeTable | None = None) -> Decoded:
        """`(b c n d)` to series `(b c t)` and shapes `(b c n s)`; padded tokens draw nothing."""
        shapes = self.drawn(tokens, table)
        return Decoded(overlap_add(shapes, tokens, self.length), shapes)

    def compared(
        self, drawn: Tensor, true: Tensor, observed: Tensor | None, series: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if not self.normalised:
            return drawn, true
        least = _FLOOR * instance_scale(series, mask)[1].unsqueeze(-1)
        return _standardised(drawn, observed, least), _standardised(true, observed, least)

    def resizing(self) -> Resizing:
        return self.shapes.resizing().within("shapes")


def overlap_add(shapes: Tensor, tokens: Tokens, length: int) -> Tensor:
    """`shapes (b c n s)` at their tokens' places in series `(b c t)` of ``length`` samples.

    x[i] = Σₙ wₙ(i) · shapeₙ(i) / Σₙ wₙ(i) over the tokens whose place covers sample i. wₙ is sin² + .001 over the
    place, .001 at its ends. Samples without a token get the mean mu of the series' real tokens. The cost grows with the
    number of samples under tokens; learned places count as the longest one.
    """
    start, share = tokens.attributes["t"], tokens.attributes["l"]
    level = _level(tokens.attributes["mu"], tokens.mask)
    drawn = shapes.new_zeros(*shapes.shape[:2], length) + _NOTHING * level
    weights = torch.full_like(drawn, _NOTHING)
    if tokens.spans is not None:  # all series have the same places
        start, share = start[:1, :1], share[:1, :1]
    for part, samples in _groups(tokens, share, length):
        real = None if tokens.mask is None else tokens.mask[..., part]
        value, weight, index = _place(shapes[..., part, :], start[..., part], share[..., part], samples, length)
        weight = weight if real is None else weight * real.unsqueeze(-1)
        size = (*shapes.shape[:2], -1)
        index = index.flatten(2).expand(size)
        drawn = drawn.scatter_add(-1, index, (weight * value).flatten(2))
        weights = weights.scatter_add(-1, index, weight.expand_as(value).flatten(2))
    return drawn / weights


def _place(shapes: Tensor, start: Tensor, share: Tensor, samples: int, length: int) -> tuple[Tensor, Tensor, Tensor]:
    """Value, weight and index of each sample under a token, at most ``samples`` per token, `(b c n m)`."""
    begin = start.unsqueeze(-1).float() * (length - 1)
    end = (start + share).unsqueeze(-1).float().clamp(max=1) * (length - 1)
    off = max(_ROUNDING, length * _SHARE_ROUNDING)
    first = (begin - off).detach().ceil()
    index = first + torch.arange(samples, device=shapes.device)
    inside = (index <= end + off) & (index < length)
    along = ((index - begin) / (end - begin).clamp(min=_ROUNDING)).clamp(0, 1)
    place = along * (shapes.shape[-1] - 1)
    left = place.detach().long().clamp(max=shapes.shape[-1] - 2)
    size = (*shapes.shape[:-1], samples)
    one, other = (shapes.gather(-1, at.expand(size)) for at in (left, left + 1))
    value = torch.lerp(one, other, (place - left).to(shapes.dtype))
    weight = (torch.sin(torch.pi * along).square() + _FAINT) * inside
    return value, weight.to(shapes.dtype), index.long().clamp(0, length - 1)


def _groups(tokens: Tokens, share: Tensor, length: int) -> list[tuple[slice, int]]:
    """Neighbouring tokens that cover the same number of samples, and that number."""
    if tokens.spans is None:
        longest = length
        if not recording():  # a graph cannot branch on token lengths
            longest = min(length, int(share.detach().max() * (length - 1)) + 2)
        return [(slice(0, share.shape[-1]), longest)]
    found = [(samples, len(list(group))) for samples, group in groupby(tokens.spans)]
    ends = accumulate(count for _, count in found)
    return [(slice(end - count, end), samples) for (samples, count), end in zip(found, ends, strict=True)]


def _level(mu: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of `mu (b c n)` over the real tokens of each series, `(b c 1)`."""
    if mask is None:
        return mu.mean(-1, keepdim=True)
    return torch.where(mask, mu, 0).sum(-1, keepdim=True) / mask.sum(-1, keepdim=True).clamp(min=1)


def _standardised(x: Tensor, mask: Tensor | None, least: Tensor) -> Tensor:
    """`(b c n s)` minus its mean over observed samples, divided by its deviation, which is at least ``least (b c 1
    1)``."""
    seen = None if mask is None else mask.flatten(0, 1)
    size = (*x.shape[:3], 1)
    mean, std = (part.view(size) for part in instance_scale(x.flatten(0, 1), seen))
    return (x - mean) / torch.maximum(std, least)
