"""Per-channel standardisation with the training split's statistics, held as buffers."""

import torch
from torch import Tensor

from zoo.contracts.adapted import Adapted, TrainingWindows
from zoo.contracts.masking import zeroed


class Standardize(Adapted):
    """`(b c ...) -> (b c ...)`: (x − mean) / deviation per channel of series or images; unobserved values become 0.

    The statistics are filled in training and saved with the weights; before that the forward pass raises an error.
    """

    needs = "per-channel mean and deviation of its training data"

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def adapt(self, windows: TrainingWindows) -> None:
        """Set the mean and the deviation of the training split."""
        self.fill(windows.mean, windows.std)

    @torch.no_grad()
    def fill(self, mean: Tensor, std: Tensor) -> None:
        """Set per-channel statistics of a training split; a deviation of 0 counts as 1."""
        self.mean.copy_(mean)
        self.std.copy_(torch.where(std > 0, std, torch.ones_like(std)))
        self.mark_filled()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Standardise ``x``, ``mask`` has its shape; raise BundleError if the statistics were not filled."""
        self.require_filled()
        per_channel = (-1, *[1] * (x.dim() - 2))
        scaled = (x - self.mean.view(per_channel)) / self.std.view(per_channel)
        return zeroed(scaled, mask)

    def _hint(self) -> str:
        return "train it, take weights that have them, import with `zoo import --expects-norm`, or fill(mean, std)"
