"""A sample of tokens that does not depend on how they are split over batches and processes."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts.masking import observed

_GOLDEN = -7046029254386353131
"""2^64 / golden ratio, as a signed number: multiplication by it spreads similar numbers."""


class Sample(NamedTuple):
    """`tokens (m e)` in the order of their first value; ``real (m)`` is 1 for real tokens, which come first, and 0 for
    the padding."""

    tokens: Tensor
    real: Tensor

    def merge(self, other: "Sample") -> "Sample":
        """The sample, of the same size, of all tokens that the two were drawn from."""
        tokens, real = torch.cat([self.tokens, other.tokens]), torch.cat([self.real, other.real])
        return sample(tokens, real > 0, len(self.tokens))


@torch.no_grad()
def sample(tokens: Tensor, mask: Tensor | None, size: int) -> Sample:
    """At most ``size`` real tokens of `tokens (... e)`; `mask (...)` is True for real tokens, None = all.

    Tokens with the largest hash of their bits are kept (bottom-k sampling, Cohen and Kaplan 2007). So no random number
    is drawn, and samples of parts merge to the sample of the whole.
    """
    rows = tokens.flatten(0, -2).to(torch.promote_types(tokens.dtype, torch.float32))
    real = observed(mask, tokens[..., 0]).flatten()
    missing = max(size - len(rows), 0)
    rows = F.pad(torch.where(real[:, None], rows, 0), (0, 0, 0, missing))
    real = F.pad(real, (0, missing))
    kept = torch.where(real, _hash(rows), -1).topk(size).indices
    rows, real = rows[kept], real[kept]
    # Not in the order of hashes, which rounding would change.
    order = torch.where(real, rows[:, 0], torch.inf).argsort(stable=True)
    return Sample(rows[order], real[order].long())


def _hash(rows: Tensor) -> Tensor:
    """A 31-bit hash of the bits of each row `(m e)`, float32 or float64: `(m)`."""
    bits = rows.contiguous().view(torch.int64 if rows.dtype == torch.float64 else torch.int32).long()
    place = 2 * torch.arange(rows.shape[-1], device=rows.device) + 1
    return ((bits * place).sum(-1) * _GOLDEN) >> 33 & 0x7FFFFFFF
