"""Votes of the stretches at one scale: for a few codes each, or for a few cells of level and deviation."""

from typing import NamedTuple

import torch
from torch import Tensor

from zoo.contracts import nearest_few


class Votes(NamedTuple):
    """Each place of each series splits its vote over a few `cells (b g p f)`, with ``weight (b g p f)``.

    The weights of a place sum to 1, or are 0 where ``seen (b g p)`` is False because its stretch was not observed. None
    means observed everywhere.
    """

    cells: Tensor
    weight: Tensor
    seen: Tensor | None

    def number(self) -> Tensor:
        """Number of places with a vote, at least 1, `(b g)`."""
        if self.seen is None:
            return self.weight.new_full(self.weight.shape[:2], self.weight.shape[2])
        return self.seen.sum(-1).clamp(min=1).to(self.weight.dtype)

    def shares(self, cells: int) -> Tensor:
        """Share of the votes for each of ``cells`` cells, `(b g k)`; all 0 if there are no votes."""
        found = self.weight.new_zeros(*self.weight.shape[:2], cells)
        found = found.scatter_add(-1, self.cells.flatten(2), self.weight.flatten(2))
        return found / self.number().unsqueeze(-1)


def code_votes(shapes: Tensor, codes: Tensor, nearest: int, temperature: float, seen: Tensor | None) -> Votes:
    """`shapes (b g p e)` vote for the ``nearest`` of `codes (k e)`: softmax(−|x − c|² / (temperature · e)) over them.

    The gradient goes to the shapes.
    """
    found = nearest_few(shapes.flatten(0, 2), codes, min(nearest, len(codes)))
    # Half the squared distance, without the term that is the same for all codes. Beyond that of the nearest code it is
    # never negative; torch's softmax of so few takes seven times as long.
    beyond = found.scores - found.scores[:, :1].detach()
    weight = (beyond * (-2 / (temperature * codes.shape[1]))).exp()
    weight = weight / weight.sum(-1, keepdim=True)
    size = (*shapes.shape[:3], -1)
    return _seen_alone(found.codes.view(size), weight.view(size), seen)


def level_votes(mu: Tensor, sigma: Tensor, knots_mu: Tensor, knots_sigma: Tensor, seen: Tensor | None) -> Votes:
    """`mu` and `sigma (b g p)` vote for the four cells around them, with bilinear weights.

    Cells have their centres at `knots_mu (g m)` and `knots_sigma (g n)`; cell i · n + j belongs to knots i and j.
    Beyond the outer knots a vote goes to these knots only.
    """
    (row, above), (column, right) = _between(mu, knots_mu), _between(sigma, knots_sigma)
    first = row * knots_sigma.shape[1] + column
    cells = [first, first + 1, first + knots_sigma.shape[1], first + knots_sigma.shape[1] + 1]
    weight = [(1 - above) * (1 - right), (1 - above) * right, above * (1 - right), above * right]
    return _seen_alone(torch.stack(cells, -1), torch.stack(weight, -1), seen)


def _between(values: Tensor, knots: Tensor) -> tuple[Tensor, Tensor]:
    """Index of the knot of `knots (g m)` below each of `values (b g p)`, and the position (0 to 1) up to the next
    knot."""
    rows = values.transpose(0, 1).flatten(1)
    # As fast as searchsorted for so few knots, and made of operators that ONNX has.
    place = (knots.unsqueeze(-1) < rows.unsqueeze(1)).sum(1).clamp(1, knots.shape[1] - 1)
    low, high = knots.gather(1, place - 1), knots.gather(1, place)
    gap = high - low
    share = torch.where(gap > 0, (rows - low) / torch.where(gap > 0, gap, 1), 0).clamp(0, 1)
    size = (values.shape[1], values.shape[0], -1)
    return (place - 1).view(size).transpose(0, 1), share.view(size).transpose(0, 1)


def _seen_alone(cells: Tensor, weight: Tensor, seen: Tensor | None) -> Votes:
    return Votes(cells, weight if seen is None else torch.where(seen.unsqueeze(-1), weight, 0), seen)
