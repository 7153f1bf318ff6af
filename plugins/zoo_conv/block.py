"""The residual block of encoder and decoder."""

from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import zeroed


class ResidualBlock(nn.Module):
    """`(b d t) -> (b d t)`: x + conv(GELU(x normalised over d)); positions that are not real count as 0."""

    def __init__(self, dim: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.conv = nn.Conv1d(dim, dim, kernel, padding=kernel // 2)

    def forward(self, x: Tensor, real: Tensor | None = None) -> Tensor:
        """``real (b 1 t)`` is True at real positions; None means all positions."""
        normal = F.gelu(self.norm(x.mT).mT)
        change: Tensor = self.conv(zeroed(normal, real))
        return x + change
