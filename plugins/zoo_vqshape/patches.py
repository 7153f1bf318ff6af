"""Patches of a series: where they lie, which can be read, and which are hidden in training."""

import torch
from einops import rearrange
from torch import Tensor, nn
from zoo_registry import ShapeError


class Patches(nn.Module):
    """`(b c t) -> (b c) p l`: ``count`` patches of ``size`` samples, ``step`` apart.

    A patch that extends past the end repeats the last sample. Raises ShapeError for series of another length.
    """

    index: Tensor

    def __init__(self, length: int, count: int, size: int, step: int) -> None:
        super().__init__()
        self.length, self.count, self.size, self.step = length, count, size, step
        starts = torch.arange(count) * step
        index = (starts[:, None] + torch.arange(size)).clamp(max=length - 1)
        self.register_buffer("index", index, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.length:
            hint = "bring the series to that length, or build the model for theirs"
            raise ShapeError("encoder", f"series of {self.length} samples", str(x.shape[-1]), hint)
        return rearrange(x[..., self.index], "b c p l -> (b c) p l")


def readable(observed: Tensor) -> Tensor:
    """Patches that may be attended to, `(b p l) -> (b p)`: the fully observed ones.

    A series without such a patch uses its partly observed patches. A series without any of those uses all patches,
    because attention over no keys gives NaN.
    """
    keys = observed.all(-1)
    for weaker in (observed.any(-1), torch.ones_like(keys)):
        keys = torch.where(keys.any(-1, keepdim=True), keys, weaker)
    return keys


class LeaveOut(nn.Module):
    """Hides a random share ``ratio`` of a series' readable patches from the encoder."""

    kept: Tensor

    def __init__(self, patches: int, ratio: float) -> None:
        super().__init__()
        # A table, because a product of tensors may round differently from the number of rows below.
        self.rows = patches - int(patches * ratio)
        kept = torch.tensor([n - int(n * ratio) for n in range(patches + 1)])
        self.register_buffer("kept", kept, persistent=False)

    def forward(self, x: Tensor, keys: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """`(b p d)` with ``keys (b p)`` to the patches kept, `(b r d)`, and which of them may be attended to."""
        noise = torch.rand(x.shape[:2], device=x.device)
        order = (noise if keys is None else noise + ~keys).argsort(-1)[:, : self.rows]
        x = x.take_along_dim(order.unsqueeze(-1), 1)
        if keys is None:
            return x, None
        # Readable patches come first, and only their own share of them is kept.
        return x, torch.arange(self.rows, device=x.device) < self.kept[keys.sum(-1)].unsqueeze(-1)


class Hide(nn.Module):
    """A random gap of ``ratio`` of a series' patches, treated as unobserved, which the model has to reconstruct."""

    def __init__(self, cut: Patches, ratio: float) -> None:
        super().__init__()
        self.length, self.gap = cut.length, int(int(cut.count * ratio) * cut.length / cut.count)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor | None:
        """``mask`` of `x (b c t)` without the samples of the gap; unchanged for series that would have no samples
        left."""
        if self.gap == 0:
            return mask
        start = torch.randint(self.length - self.gap + 1, (*x.shape[:2], 1), device=x.device)
        place = torch.arange(self.length, device=x.device)
        seen = (place < start) | (place >= start + self.gap)
        if mask is None:
            return seen
        return torch.where((mask & seen).any(-1, keepdim=True), mask & seen, mask)
