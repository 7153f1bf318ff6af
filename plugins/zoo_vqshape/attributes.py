"""Attributes of a token: code vector, place, offset and scale of its shape; and the loss term that spreads places."""

from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import Attributes, masked_mean

NEAREST = 0.2
"""Distance from which two tokens of a series count as spread."""


class MLP(nn.Module):
    """Linear, ReLU, Linear with a hidden layer as wide as the input; the output has the type of its weights under
    autocast too."""

    def __init__(self, dim: int, out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, out))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out.to(next(self.parameters()).dtype)


class AttributeHeads(nn.ModuleDict):
    """Maps the context `(b c n d)` of a token to a code vector, a place and a level; each of the three is optional.

    Holds one MLP per output, by its name in the public release. ``shortest`` is m, a share of the series: t = t'(1 − m)
    and l = l'(1 − t) + m with t' and l' between 0 and 1.
    """

    def __init__(self, dim: int, shortest: float, *, code_dim: int | None, places: bool, levels: bool) -> None:
        super().__init__()
        self.shortest = shortest
        if code_dim is not None:
            self["z_head"] = MLP(dim, code_dim)
        if places:
            self["tl_mean_head"] = MLP(dim, 2)
        if levels:
            self.update({"mu_head": MLP(dim, 1), "sigma_head": MLP(dim, 1)})

    @property
    def gives_code(self) -> bool:
        """Whether there is a code vector."""
        return "z_head" in self

    def code(self, context: Tensor) -> Tensor:
        """z `(b c n e)`."""
        found: Tensor = self["z_head"](context)
        return found

    def place(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """t and l `(b c n)`."""
        start, length = self["tl_mean_head"](context).sigmoid().unbind(-1)
        start = start * (1 - self.shortest)
        return start, length * (1 - start) + self.shortest

    def level(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """mu and sigma `(b c n)`."""
        return self["mu_head"](context).squeeze(-1), F.softplus(self["sigma_head"](context)).squeeze(-1)

    def start_silent(self) -> None:
        """Initialise the code vector to 0, so that adding it to another one changes nothing at the first step."""
        *_, weight, bias = self["z_head"].parameters()
        for last in (weight, bias):
            nn.init.zeros_(last)


def stretch_attributes(start: Tensor, length: Tensor, mu: Tensor, sigma: Tensor) -> Attributes:
    """The attributes that the spec declares, `(b c n)` each."""
    return {"t": start, "l": length, "mu": mu, "sigma": sigma}


def crowding(attributes: Attributes, shortest: float, mask: Tensor | None = None) -> Tensor:
    """Mean of max(0, .2 − distance) over all pairs of tokens of a series; the pair of a token with itself counts as 0.

    Tokens are points (cos πt · λ, sin πt · λ) with λ = log l / log m: angles encode places, radii encode lengths.
    ``mask (b c n)`` True = real.
    """
    angle, radius = torch.pi * attributes["t"], attributes["l"].log() / log(shortest)
    points = torch.stack([angle.cos() * radius, angle.sin() * radius], -1)
    squared = (points.unsqueeze(-2) - points.unsqueeze(-3)).square().sum(-1)
    distinct = squared > 0
    # The root has no gradient at 0: points that coincide get none.
    distance = torch.where(distinct, torch.where(distinct, squared, 1).sqrt(), 0)
    others = ~torch.eye(squared.shape[-1], dtype=torch.bool, device=squared.device)
    pairs = None if mask is None else mask.unsqueeze(-1) & mask.unsqueeze(-2)
    return masked_mean((NEAREST - distance).clamp(min=0) * others, pairs)
