"""Standardisation with running statistics."""

import torch
from torch import Tensor, nn

from zoo.contracts import observed, summed

_RATE = 0.1
_EPSILON = 1e-5


class RunningStandardize(nn.Module):
    """`(b g f) -> (b g f)`: each feature minus its running mean, divided by its running deviation; 0 where not real.

    The statistics are updated in training mode, before use, from the real rows `(b g)` of all processes only. They are
    used in both modes. They are plain means over the first batches, then moving averages at a fixed rate, until
    `settle`. A group without real rows keeps its statistics. ``batches (g 1)`` counts the batches behind each group's
    statistics, inf once settled.
    """

    mean: Tensor
    var: Tensor
    batches: Tensor

    def __init__(self, groups: int, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(groups, features))
        self.register_buffer("var", torch.ones(groups, features))
        self.register_buffer("batches", torch.zeros(groups, 1))

    def forward(self, x: Tensor, real: Tensor | None = None) -> Tensor:
        """``real (b g)`` is True for real rows; None means all rows."""
        x = x.to(self.mean.dtype)
        weight = observed(real, x[..., :1]).to(x.dtype)
        if self.training:
            self._learn(x.detach(), weight)
        scaled = (x - self.mean) * (self.var + _EPSILON).rsqrt()
        return torch.where(weight > 0, scaled, 0)

    def settle(self) -> None:
        """Stop updating the statistics."""
        self.batches.fill_(torch.inf)

    @torch.no_grad()
    def _learn(self, x: Tensor, weight: Tensor) -> None:
        total = summed(torch.cat([torch.where(weight > 0, x, 0).sum(0), weight.sum(0)], -1))
        count = total[..., -1:]
        mean = total[..., :-1] / count.clamp(min=1)
        var = summed(torch.where(weight > 0, x - mean, 0).square().sum(0)) / count.clamp(min=1)
        self.batches.add_(count > 0)
        rate = torch.where(
            (count > 0) & self.batches.isfinite(), self.batches.clamp(min=1).reciprocal().clamp(min=_RATE), 0
        )
        # Mean and variance of the two populations combined, with weights 1 − rate and rate.
        shift = mean - self.mean
        self.var.lerp_(var, rate).add_(rate * (1 - rate) * shift.square())
        self.mean.add_(rate * shift)
