"""A codebook of one or more levels, updated by moving averages of its tokens."""

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import LearnedQuantizerSpec

from zoo.contracts import CodebookMaintenance, commitment, nearest, summed, tally

_EPSILON = 1e-5


class Codebook(nn.Module):
    """``codes (q k e)`` with the moving averages they come from: ``counts (q k)`` of tokens and their ``sums (q k e)``.

    Each level codes the residual of the levels before; one level is plain vector quantization. Codes are initialised
    from a normal distribution, each level at half the scale of the one before, and count as one token, unless the
    ``spec`` sets another start.
    """

    unit = False
    """Whether codes have length 1."""

    codes: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, levels: int, codes: int, width: int, decay: float, spec: LearnedQuantizerSpec) -> None:
        super().__init__()
        self.care = CodebookMaintenance(spec, levels, codes, self.unit)
        self.levels, self.size, self.width, self.decay = levels, codes, width, decay
        self.precision = spec.precision
        start = self.care.first(torch.randn(levels, codes, width) * 0.5 ** torch.arange(levels)[:, None, None])
        self.register_buffer("codes", start)
        self.register_buffer("counts", torch.ones(levels, codes))
        self.register_buffer("sums", start.clone())

    def assign(self, latents: Tensor) -> Tensor:
        """Greedy codes: `(... e) -> (... q)`."""
        found = [nearest(latents, self.codes[0], self.precision)]
        for before, codes in pairwise(self.codes):
            latents = latents - F.embedding(found[-1], before)
            found.append(nearest(latents, codes, self.precision))
        return torch.stack(found, -1)

    def lookup(self, codes: Tensor) -> Tensor:
        """The code of every level: `(... q) -> (... q e)`."""
        return F.embedding(self._rows(codes), self.codes.flatten(0, 1))

    def residuals(self, latents: Tensor, codes: Tensor) -> Tensor:
        """The input of every level: latents `(... e)` and their codes `(... q)` -> `(... q e)`."""
        given = latents.unsqueeze(-2)
        if self.levels == 1:
            return given
        chosen = self.lookup(codes)
        return given - (chosen.cumsum(-2) - chosen)

    def commitment(self, latents: Tensor, codes: Tensor, mask: Tensor | None) -> Tensor:
        """Mean squared distance between the input of every level and its code, over real tokens."""
        if self.levels == 1:
            return commitment(latents, self.codes[0], codes.squeeze(-1), mask)
        real = None if mask is None else mask[..., None].expand_as(codes)
        return commitment(self.residuals(latents, codes), self.codes.flatten(0, 1), self._rows(codes), real)

    @torch.no_grad()
    def stats(self, latents: Tensor, codes: Tensor, mask: Tensor | None) -> Mapping[str, Tensor]:
        """Tokens per code, ``counts (q k)``, and their ``sums (q k e)``, over real tokens, plus the statistics for
        codebook maintenance."""
        given = self.residuals(latents, codes).to(self.sums.dtype).flatten(0, -2)
        real = None if mask is None else mask[..., None].expand_as(codes).flatten()
        counts, sums = tally(given, self._rows(codes).flatten(), self.levels * self.size, real)
        care = self.care.stats(self.codes, latents, mask)
        return {"counts": counts.to(self.counts.dtype).view_as(self.counts), "sums": sums.view_as(self.sums), **care}

    @torch.no_grad()
    def update(self, stats: Mapping[str, Tensor]) -> None:
        """One update step of the codes with the tokens of all processes: initialisation, or moving averages and
        resets."""
        counts, sums = summed(stats["counts"]), summed(stats["sums"])
        if self.care.due(stats):
            self._start(stats, counts)
            return
        self._follow(counts, sums)
        dead = self.care.dead(counts)
        if dead is not None:
            self._reset(dead, stats)

    def _start(self, stats: Mapping[str, Tensor], counts: Tensor) -> None:
        codes, shares = self.care.start(stats)
        self.codes.copy_(codes)
        self.counts.copy_((shares * counts.sum(-1, keepdim=True)).clamp(min=1))
        self.sums.copy_(self.codes * self.counts[..., None])

    def _follow(self, counts: Tensor, sums: Tensor) -> None:
        """Moving averages (van den Oord et al. 2017, eq. 6–8); unchanged if no token was real."""
        seen = counts.sum(-1, keepdim=True) > 0
        rate = torch.where(seen, 1 - self.decay, 0.0).to(self.counts.dtype)
        self.counts.lerp_(counts, rate)
        self.sums.lerp_(sums, rate[..., None])
        self.codes.copy_(torch.where(seen[..., None], self.settle(), self.codes))

    def _reset(self, dead: Tensor, stats: Mapping[str, Tensor]) -> None:
        """Move the ``dead (q k)`` codes to tokens of the step, with the weight of an average code."""
        tokens = self.care.tokens(stats)
        given = self.residuals(tokens, self.assign(tokens))
        self.codes[dead] = self.care.drawn(given, dead).to(self.codes.dtype)
        self.counts.copy_(torch.where(dead, self.counts.mean(-1, keepdim=True), self.counts))
        self.sums.copy_(torch.where(dead[..., None], self.codes * self.counts[..., None], self.sums))

    def settle(self) -> Tensor:
        """Codes `(q k e)` from the moving averages: sums divided by counts with Laplace smoothing."""
        total = self.counts.sum(-1, keepdim=True)
        smooth = (self.counts + _EPSILON) / (total + self.size * _EPSILON) * total
        return self.sums / smooth[..., None]

    def _rows(self, codes: Tensor) -> Tensor:
        if self.levels == 1:
            return codes
        return codes + torch.arange(self.levels, device=codes.device) * self.size
