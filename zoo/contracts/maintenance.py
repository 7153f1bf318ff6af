"""Codebook maintenance: initialise codes from tokens, and reset unused codes."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from zoo_registry import LearnedQuantizerSpec

from zoo.contracts.kmeans import kmeans
from zoo.contracts.masking import observed
from zoo.contracts.nearest import nearest
from zoo.contracts.processes import gathered, shared, summed
from zoo.contracts.resizing import Resizing, StartAnew
from zoo.contracts.sample import Sample, sample
from zoo.contracts.values import Stats

_PER_CODE, _LEAST, _MOST = 16, 2**12, 2**16
"""Number of sampled tokens per step: this many per code, within these bounds."""


class Start(NamedTuple):
    """Initial codes `(q k e)`, and the `shares (q k)` of the tokens of a level that belong to each."""

    codes: Tensor
    shares: Tensor


class CodebookMaintenance(nn.Module):
    """Start and resets, as set in ``spec``, for a codebook of ``codes`` codes on each of ``levels``, once per optimizer
    step.

    All processes make the same decisions, from the tokens of all processes. A codebook that waits for its start holds
    zeros, so that transferred or resumed codes are never initialised again. If codes are reset, ``use (q k)`` holds
    their moving average use; 1 is even use.
    """

    use: Tensor

    def __init__(self, spec: LearnedQuantizerSpec, levels: int, codes: int, unit: bool = False) -> None:
        super().__init__()
        self.spec, self.levels, self.codes, self.unit = spec, levels, codes, unit
        self.resets = spec.reset_after is not None
        self.active = self.resets or spec.start == "kmeans"
        self.room = min(max(_PER_CODE * codes, _LEAST), _MOST)
        if self.resets:
            self.register_buffer("use", torch.ones(levels, codes))

    def first(self, codes: Tensor) -> Tensor:
        """Initial values of a new codebook: the random ``codes``, or zeros if they wait for tokens."""
        return torch.zeros_like(codes) if self.spec.start == "kmeans" else codes

    @torch.no_grad()
    def stats(self, codes: Tensor, latents: Tensor, mask: Tensor | None) -> Stats:
        """For ``update``: a sample `tokens (m e)` of the real `latents (... e)`, ``real (m)``, and how many were
        ``waiting`` for a start; empty if the spec sets neither start nor resets."""
        if not self.active:
            return {}
        found = sample(latents.to(codes.dtype), mask, self.room)
        return {**found._asdict(), "waiting": observed(mask, latents[..., 0]).sum() * ~codes.any()}

    def merge(self, one: Stats, other: Stats) -> Stats:
        """Sums, except for the sample, which is drawn from both."""
        merged = {name: value + other[name] for name, value in one.items()}
        return {**merged, **_sample(one).merge(_sample(other))._asdict()} if self.active else merged

    def due(self, stats: Stats) -> bool:
        """Whether to initialise the codes now."""
        return self.spec.start == "kmeans" and bool(summed(stats["waiting"]) > 0)

    def start(self, stats: Stats) -> Start:
        """Codes by k-means, level by level, each from the residual of the levels before; the same in all processes."""
        given = self.tokens(stats)
        left, books = given.cpu().double(), []
        for _ in range(self.levels):
            book = kmeans(left, self.codes, self.unit)
            left = left - book.vectors[nearest(left, book.vectors)]
            books.append((book.vectors, book.counts / book.counts.sum()))
        codes, shares = (torch.stack(parts).to(given) for parts in zip(*books, strict=True))
        return Start(shared(codes), shared(shares))

    def dead(self, counts: Tensor) -> Tensor | None:
        """Codes `(q k)` to reset after a step with ``counts (q k)`` tokens; None if there are none.

        Their use is set to even use, so that each gets the full time before the next reset.
        """
        if self.spec.reset_after is None:
            return None
        total = counts.sum(-1, keepdim=True)
        # Half a step of tolerance for rounding.
        rate = 1 - self.spec.reset_below ** (1 / (self.spec.reset_after - 0.5))
        even = (counts * self.codes / total.clamp(min=1)).to(self.use)
        self.use.lerp_(even, torch.where(total > 0, rate, 0.0).to(self.use))
        dead = self.use < self.spec.reset_below
        self.use.masked_fill_(dead, 1)
        return dead if bool(dead.any()) else None

    def tokens(self, stats: Stats) -> Tensor:
        """The sampled tokens of the step in all processes, `(m e)`."""
        found = sample(gathered(stats["tokens"]), gathered(stats["real"]) > 0, self.room)
        return found.tokens[found.real > 0]

    def drawn(self, given: Tensor, dead: Tensor) -> Tensor:
        """For each of ``dead (q k)`` a random input of its level from `given (m q e)`: `(r e)`, the same in all
        processes.

        No two codes get the same input if there are enough.
        """
        level = dead.nonzero()[:, 0]
        token = torch.randperm(len(given))[torch.arange(len(level)) % len(given)]
        return shared(given[token.to(level.device), level])

    def resizing(self) -> Resizing:
        """The use count starts again if the number of codes differs, or if the source has none."""
        return Resizing({"": StartAnew("use of codes")}, free=("",)) if self.resets else Resizing()


def _sample(stats: Stats) -> Sample:
    return Sample(stats["tokens"], stats["real"])
