"""Derivatives of a shape network by every axis of its code: forward-mode products, all axes in one batch."""

from abc import ABC, abstractmethod
from math import pi, sqrt
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

FLAT = 1e-8
"""Added to the deviation of a shape, which is 0 if the shape is flat."""


class Moving(NamedTuple):
    """Outputs of a layer for each code, `(k ...)`, and their derivatives by the axes of the code, `(k d ...)`."""

    values: Tensor
    slopes: Tensor


class Differentiated(nn.Module, ABC):
    """A layer that knows its derivatives."""

    @abstractmethod
    def slopes(self, at: Moving) -> Tensor:
        """The derivatives of its output, from its input and the input's derivatives."""


def through(layer: nn.Module, at: Moving) -> Moving:
    """The output of ``layer`` and its derivatives, from its input and the input's derivatives.

    Raises TypeError for a layer that is neither `Differentiated` nor one of those of torch below.
    """
    if isinstance(layer, nn.Sequential):
        for part in layer:
            at = through(part, at)
        return at
    return Moving(layer(at.values), _slopes(layer, at))


def _slopes(layer: nn.Module, at: Moving) -> Tensor:
    match layer:
        case Differentiated():
            return layer.slopes(at)
        case nn.Identity():
            return at.slopes
        case nn.Linear():
            return F.linear(at.slopes, layer.weight)
        case nn.Unflatten():
            return at.slopes.view(*at.slopes.shape[:-1], *layer.unflattened_size)
        case nn.GELU():
            return at.slopes * _gelu_slope(at.values).unsqueeze(1)
        case nn.Conv1d():
            return convolved(at.slopes, layer.weight)
        case nn.GroupNorm():
            return _normed(layer, at)
    raise TypeError(f"no derivatives are known of {type(layer).__name__}")


def convolved(slopes: Tensor, weight: Tensor) -> Tensor:
    """Each of `(k d w s)` convolved with ``weight (o w n)``, n odd, to the same length."""
    found = F.conv1d(slopes.flatten(0, 1), weight, padding=weight.shape[-1] // 2)
    return found.view(*slopes.shape[:2], *found.shape[1:])


def _gelu_slope(x: Tensor) -> Tensor:
    """Φ(x) + x φ(x), with the normal distribution and its density."""
    below: Tensor = torch.special.ndtr(x)
    return below + x * (x.square() / -2).exp() / sqrt(2 * pi)


def _normed(layer: nn.GroupNorm, at: Moving) -> Tensor:
    """With y the normalised values and m the means of a group: (ẋ − m(ẋ) − y m(y ẋ)) / deviation, scaled."""
    number, (codes, width, samples) = layer.num_groups, at.values.shape
    plain, _, inverse = torch.native_group_norm(
        at.values, None, None, codes, width, samples, number, layer.eps
    )  # by parts, as `F.group_norm` keeps the deviation to itself
    y = rearrange(plain, "k (g w) s -> k 1 g w s", g=number)
    moved = rearrange(at.slopes, "k d (g w) s -> k d g w s", g=number)
    along = (moved * y).mean((-2, -1), keepdim=True)
    moved = moved - moved.mean((-2, -1), keepdim=True)
    scale = rearrange(inverse, "k g -> k 1 g 1 1") * rearrange(layer.weight, "(g w) -> g w 1", g=number)
    found: Tensor = rearrange(moved.sub_(y * along).mul_(scale), "k d g w s -> k d (g w) s")
    return found


def repeated_and_convolved(slopes: Tensor, weight: Tensor) -> Tensor:
    """Every sample of `(k d w s)` four times, then convolved with ``weight (o w 3)``: `(k d o 4s)`.

    Of the twelve products that a sample has with the three columns of the kernel, five differ.
    """
    left, middle, right = weight.unbind(-1)
    columns = torch.cat([left, left + middle, left + middle + right, middle + right, right]).unsqueeze(-1)
    of_left, last, inner, first, of_right = convolved(slopes, columns).chunk(5, 2)
    out = torch.stack([first, inner, inner, last], -1)
    out[..., 1:, 0] += of_left[..., :-1]
    out[..., :-1, 3] += of_right[..., 1:]
    return out.flatten(-2)


def standardized(at: Moving) -> Tensor:
    """Derivatives `(k d s)` of shapes ``values (k s)`` with mean 0 and deviation 1, as `unit` makes them."""
    centred = (at.values - at.values.mean(-1, keepdim=True)).unsqueeze(1)
    deviation = at.values.std(-1, keepdim=True).unsqueeze(1)
    moved = at.slopes - at.slopes.mean(-1, keepdim=True)
    along = (centred * moved).sum(-1, keepdim=True) / ((at.values.shape[-1] - 1) * deviation)
    scale = 1 / (deviation + FLAT)
    return moved * scale - centred * along * scale.square()
