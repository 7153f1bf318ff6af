"""What the stretches at one scale vote for: a few codes each, or a few cells of level and deviation."""

from typing import NamedTuple

import torch
from torch import Tensor

from zoo.contracts import nearest_few


class Votes(NamedTuple):
    """Each place of each series gives its vote to a few `cells (b g p f)` in parts of ``weight (b g p f)``.

    Weights of a place sum to 1, or are 0 where its stretch was not observed: ``seen (b g p)``, None = everywhere.
    """

    cells: Tensor
    weight: Tensor
    seen: Tensor | None

    def number(self) -> Tensor:
        """Places with a vote, 1 where there are none, `(b g)`."""
        if self.seen is None:
            return self.weight.new_full(self.weight.shape[:2], self.weight.shape[2])
        return self.seen.sum(-1).clamp(min=1).to(self.weight.dtype)

    def shares(self, cells: int) -> Tensor:
        """Share of each of so many cells in the votes, `(b g k)`; all 0 where there are none."""
        found = self.weight.new_zeros(*self.weight.shape[:2], cells)
        found = found.scatter_add(-1, self.cells.flatten(2), self.weight.flatten(2))
        return found / self.number().unsqueeze(-1)


def code_votes(shapes: Tensor, codes: Tensor, nearest: int, temperature: float, seen: Tensor | None) -> Votes:
    """`shapes (b g p e)` vote for the ``nearest`` of `codes (k e)`: softmax(−|x − c|² / (temperature · e)) over them.

    The gradient goes to the shapes.
    """
    found = nearest_few(shapes.flatten(0, 2), codes, min(nearest, len(codes)))
    # Half the squared distance, less what is the same for all codes.
    weight = (found.scores * (-2 / (temperature * codes.shape[1]))).softmax(-1)
    size = (*shapes.shape[:3], -1)
    return _seen_alone(found.codes.view(size), weight.view(size), seen)


def level_votes(mu: Tensor, sigma: Tensor, knots_mu: Tensor, knots_sigma: Tensor, seen: Tensor | None) -> Votes:
    """`mu` and `sigma (b g p)` vote for the four cells around them, the nearer the more, linearly in both.

    Cells have their middles at `knots_mu (g m)` and `knots_sigma (g n)`; cell i · n + j is that of knots i and j.
    Beyond the outer knots a vote goes to these alone.
    """
    (row, above), (column, right) = _between(mu, knots_mu), _between(sigma, knots_sigma)
    first = row * knots_sigma.shape[1] + column
    cells = [first, first + 1, first + knots_sigma.shape[1], first + knots_sigma.shape[1] + 1]
    weight = [(1 - above) * (1 - right), (1 - above) * right, above * (1 - right), above * right]
    return _seen_alone(torch.stack(cells, -1), torch.stack(weight, -1), seen)


def _between(values: Tensor, knots: Tensor) -> tuple[Tensor, Tensor]:
    """The knot under each of `values (b g p)` and its place, 0 to 1, between that and the next, of `knots (g m)`."""
    rows = values.transpose(0, 1).flatten(1)
    place = torch.searchsorted(knots, rows.detach().contiguous()).clamp(1, knots.shape[1] - 1)
    low, high = knots.gather(1, place - 1), knots.gather(1, place)
    apart = high - low
    share = torch.where(apart > 0, (rows - low) / torch.where(apart > 0, apart, 1), 0).clamp(0, 1)
    size = (values.shape[1], values.shape[0], -1)
    return (place - 1).view(size).transpose(0, 1), share.view(size).transpose(0, 1)


def _seen_alone(cells: Tensor, weight: Tensor, seen: Tensor | None) -> Votes:
    return Votes(cells, weight if seen is None else torch.where(seen.unsqueeze(-1), weight, 0), seen)
