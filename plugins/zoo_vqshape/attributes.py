"""Attributes of a token: code vector, place, offset and scale of its shape, and the term that spreads places."""

from math import log

import torch
from torch import Tensor, nn

from zoo.contracts import Attributes, masked_mean

NEAREST = 0.2
"""Distance from which on two tokens of a series count as spread."""


class MLP(nn.Module):
    """Linear, ReLU, Linear with a hidden layer as wide as the input; gives its weights' type under autocast too."""

    def __init__(self, dim: int, out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, out))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out.to(next(self.parameters()).dtype)


class AttributeHeads(nn.Module):
    """`(b c n d)` to code vectors `(b c n e)` and t, l, mu, sigma `(b c n)`.

    ``shortest`` is m, a share of the series: t = t'(1 − m) and l = l'(1 − t) + m for t' and l' between 0 and 1.
    """

    def __init__(self, dim: int, code_dim: int, shortest: float) -> None:
        super().__init__()
        self.shortest = shortest
        self.z_head = MLP(dim, code_dim)
        self.tl_mean_head = MLP(dim, 2)
        self.mu_head = MLP(dim, 1)
        self.sigma_head = MLP(dim, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Attributes]:
        start, length = self.tl_mean_head(x).sigmoid().unbind(-1)
        start = start * (1 - self.shortest)
        length = length * (1 - start) + self.shortest
        mu = self.mu_head(x).squeeze(-1)
        sigma = nn.functional.softplus(self.sigma_head(x)).squeeze(-1)
        return self.z_head(x), Attributes(start, length, mu, sigma)


def crowding(attributes: Attributes, shortest: float, mask: Tensor | None = None) -> Tensor:
    """Mean over all pairs of a series' tokens of max(0, .2 − distance), a token and itself counting as 0.

    Tokens are points (cos πt · λ, sin πt · λ) with λ = log l / log m: angles tell places, radii lengths.
    ``mask (b c n)`` True = real.
    """
    angle, radius = torch.pi * attributes.t, attributes.l.log() / log(shortest)
    points = torch.stack([angle.cos() * radius, angle.sin() * radius], -1)
    squared = (points.unsqueeze(-2) - points.unsqueeze(-3)).square().sum(-1)
    apart = squared > 0
    # The root of 0 has no slope: points that coincide are not pushed anywhere.
    distance = torch.where(apart, torch.where(apart, squared, 1).sqrt(), 0)
    others = ~torch.eye(squared.shape[-1], dtype=torch.bool, device=squared.device)
    pairs = None if mask is None else mask.unsqueeze(-1) & mask.unsqueeze(-2)
    return masked_mean((NEAREST - distance).clamp(min=0) * others, pairs)
