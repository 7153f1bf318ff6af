"""Networks from a code vector to its normalised shape; the published one may decode a table of all codes instead of
every token."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import CentreKernel, CodeTable, Interpolate, Resizing, recording, without_autocast
from zoo_vqshape.mlp import mlp
from zoo_vqshape.slopes import FLAT, Differentiated, Moving, repeated_and_convolved, standardized, through

WIDE, NARROW, GROUPS = 128, 64, 16
_MOVED = 256
"""Derivatives of shapes that are computed together on a CPU."""
_SLOPE = 0.35
"""Cost of one derivative of a shape, relative to the shape with its backward pass."""


class Residual(Differentiated):
    """Two convolutions, each after group norm and GELU, plus the input: `(m wide s) -> (m narrow s)`."""

    def __init__(self, wide: int, narrow: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.GroupNorm(GROUPS, wide),
            nn.GELU(),
            nn.Conv1d(wide, narrow, 3, padding=1),
            nn.GroupNorm(GROUPS, narrow),
            nn.GELU(),
            nn.Conv1d(narrow, narrow, 3, padding=1),
        )
        self.channel_up = nn.Identity() if wide == narrow else nn.Conv1d(wide, narrow, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.channel_up(x) + self.block(x)
        return out

    def slopes(self, at: Moving) -> Tensor:
        return through(self.channel_up, at).slopes + through(self.block, at).slopes


class Upsample(Differentiated):
    """Repeats every sample four times, then convolves: `(m w s) -> (m w 4s)`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(F.interpolate(x, scale_factor=4.0, mode="nearest"))
        return out

    def slopes(self, at: Moving) -> Tensor:
        return repeated_and_convolved(at.slopes, self.conv.weight)


class ShapeNetwork(nn.Module, ABC):
    """Code vectors `(... d)` to shapes `(... s)`; ``smooth`` is the odd width of its smoothing in samples.

    ``reads_table``: ``draw`` may decode a table of all codes instead of every token.
    """

    smooth = 1
    reads_table = False

    @abstractmethod
    def forward(self, codes: Tensor) -> Tensor:
        """`(... d) -> (... s)`."""

    def draw(self, codes: Tensor, table: CodeTable | None) -> Tensor:
        """The shapes of ``codes (b c n d)``, which are rows of ``table`` if there is one."""
        shapes: Tensor = self(codes)
        return shapes

    def resizing(self) -> Resizing:
        """How its tensors are brought to another size."""
        return Resizing()


class ShapeCode(ShapeNetwork):
    """The code vector itself, standardised to mean 0 and deviation 1, is the shape."""

    def forward(self, codes: Tensor) -> Tensor:
        return _unit(codes)


class ShapeMLP(ShapeNetwork):
    """Two hidden layers, then mean 0 and deviation 1; small enough to draw every token separately."""

    def __init__(self, dim: int, hidden: int, samples: int) -> None:
        super().__init__()
        self.mlp = mlp(dim, hidden, samples)  # not `layers`, the name of a ShapeDecoder's weights

    def forward(self, codes: Tensor) -> Tensor:
        return _unit(self.mlp(codes))

    def resizing(self) -> Resizing:
        return Resizing({"mlp.4": Interpolate("samples of a shape")})


class ShapeDecoder(ShapeNetwork):
    """Code vectors `(... d)` to shapes `(... s)` of mean 0 and deviation 1; ``samples`` is a multiple of 16.

    ``smooth`` is the odd width of the last convolution.
    """

    reads_table = True

    def __init__(self, dim: int, samples: int, smooth: int) -> None:
        super().__init__()
        self.smooth = smooth
        self.layers = nn.Sequential(
            nn.Linear(dim, WIDE * samples // 16),
            nn.Unflatten(-1, (WIDE, samples // 16)),
            Residual(WIDE, WIDE),
            nn.GELU(),
            Upsample(WIDE),
            Residual(WIDE, NARROW),
            nn.GELU(),
            Upsample(NARROW),
            nn.GELU(),
            nn.Conv1d(NARROW, 1, smooth, padding=smooth // 2),
        )

    def forward(self, codes: Tensor) -> Tensor:
        raw = self.layers(codes.reshape(-1, codes.shape[-1])).squeeze(1)
        shapes: Tensor = _unit(raw).view(*codes.shape[:-1], raw.shape[-1])
        return shapes

    def draw(self, codes: Tensor, table: CodeTable | None) -> Tensor:
        table = None if table is None else self.worth(codes, table)
        shapes: Tensor = self(codes) if table is None else self.look_up(codes, table)
        return shapes

    def resizing(self) -> Resizing:
        return Resizing({"layers.0": Interpolate("samples of a shape", groups=WIDE), "layers.9": CentreKernel()})

    def worth(self, codes: Tensor, table: CodeTable) -> CodeTable | None:
        """``table``, or its rows in use, if they cost less than decoding all ``codes``; else None.

        A row costs one shape and, if codes learn, its derivative by every axis.
        """
        learns = _learns(codes)
        if recording() and not learns:  # so that the graph accepts any number of tokens
            return table
        price, tokens = 1 + _SLOPE * codes.shape[-1] if learns else 1, table.index.numel()
        worth = len(table.rows) * price < tokens
        if recording():  # the number of rows in use is unknown in a graph
            return table if worth else None
        if worth and codes.is_cuda:  # finding the rows in use would wait for the GPU
            return table
        table = table.used()
        return table if len(table.rows) * price < tokens else None

    def look_up(self, codes: Tensor, table: CodeTable) -> Tensor:
        """The shapes of ``codes (b c n d)``, which are rows of ``table``, at the cost of decoding its rows.

        shape = S[i] + J[i] (z − sg[z]) where S holds the shapes of the rows, J their Jacobian, and i is the row of z.
        Value and gradients equal those of decoding every token.
        """
        shapes = F.embedding(table.index, self(table.rows))
        if not _learns(codes):
            return shapes
        slopes = self._jacobian(table.rows)[table.index]
        return shapes + torch.einsum("bcnsd,bcnd->bcns", slopes, codes - codes.detach())

    @torch.no_grad()
    def _jacobian(self, rows: Tensor) -> Tensor:
        """d shape / d code at each of ``rows (k d)``, `(k s d)`; on a CPU a few rows at a time, which fit a cache."""
        rows = rows.to(next(self.parameters()).dtype)
        axes = torch.eye(rows.shape[-1], dtype=rows.dtype, device=rows.device)
        few = max(_MOVED // rows.shape[-1], 1) if rows.device.type == "cpu" else len(rows)
        with without_autocast(rows.device):
            return torch.cat([self._moved(part, axes) for part in torch.split(rows, few)])

    def _moved(self, rows: Tensor, axes: Tensor) -> Tensor:
        raw = through(self.layers, Moving(rows, axes.expand(len(rows), -1, -1)))
        return standardized(Moving(raw.values.squeeze(1), raw.slopes.squeeze(2))).mT


def _unit(raw: Tensor) -> Tensor:
    return (raw - raw.mean(-1, keepdim=True)) / (raw.std(-1, keepdim=True) + FLAT)


def _learns(codes: Tensor) -> bool:
    return torch.is_grad_enabled() and codes.requires_grad
