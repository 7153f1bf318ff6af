"""Keeps a learned codebook alive: a start from its tokens, and a new place for codes that nobody uses."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from zoo_registry import LearnedQuantizerSpec

from zoo.contracts.kmeans import kmeans
from zoo.contracts.nearest import nearest
from zoo.contracts.processes import gathered, shared, summed
from zoo.contracts.resizing import Resizing, StartAnew
from zoo.contracts.sample import Sample, sample
from zoo.contracts.values import Stats

_PER_CODE, _LEAST, _MOST = 16, 2**12, 2**16
"""Tokens of a step that are kept for care: so many per code, within these bounds."""


class Start(NamedTuple):
    """First codes `(q k e)` and the `shares (q k)` of their level's tokens that lie with each."""

    codes: Tensor
    shares: Tensor


class CodebookMaintenance(nn.Module):
    """What ``spec`` asks for a codebook of ``codes`` codes on each of ``levels``, decided once per optimizer step.

    Every process decides the same, from the tokens of all of them. A codebook that waits for its start holds zeros, so
    that codes from elsewhere, transferred or resumed, are never started again. ``use (q k)`` is there where codes are
    reset: their moving average use, 1 being even use.
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
        """What a new codebook holds: the random ``codes``, or zeros where they wait for tokens."""
        return torch.zeros_like(codes) if self.spec.start == "kmeans" else codes

    @torch.no_grad()
    def stats(self, codes: Tensor, latents: Tensor, mask: Tensor | None) -> Stats:
        """For ``update``: a sample `tokens (m e)` of the real `latents (... e)`, ``real (m)``, and how many were
        ``waiting`` for a start; nothing where the spec asks for no care."""
        if not self.active:
            return {}
        found = sample(latents.to(codes.dtype), mask, self.room)
        number = torch.ones_like(latents[..., 0], dtype=torch.bool) if mask is None else mask
        return {**found._asdict(), "waiting": number.sum() * ~codes.any()}

    def merge(self, one: Stats, other: Stats) -> Stats:
        """Sums, but for the sample, which is drawn from both."""
        merged = {name: value + other[name] for name, value in one.items()}
        return {**merged, **_sample(one).merge(_sample(other))._asdict()} if self.active else merged

    def due(self, stats: Stats) -> bool:
        """Whether the codes are to be started now."""
        return self.spec.start == "kmeans" and bool(summed(stats["waiting"]) > 0)

    def start(self, stats: Stats) -> Start:
        """Codes by k-means, level by level, each from what the ones before left over; drawn once."""
        given = self.tokens(stats)
        left, books = given.cpu().double(), []
        for _ in range(self.levels):
            book = kmeans(left, self.codes, self.unit)
            left = left - book.vectors[nearest(left, book.vectors)]
            assert book.counts is not None
            books.append((book.vectors, book.counts / book.counts.sum()))
        codes, shares = (torch.stack(parts).to(given) for parts in zip(*books, strict=True))
        return Start(shared(codes), shared(shares))

    def dead(self, counts: Tensor) -> Tensor | None:
        """Codes `(q k)` to be reset after one more step that gave them ``counts (q k)`` tokens; None without any.

        Their use then counts as even, so that each has its time.
        """
        if self.spec.reset_after is None:
            return None
        total = counts.sum(-1, keepdim=True)
        # Half a step less, so that rounding does not decide.
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
        """For each of ``dead (q k)`` a random one of what its level was `given (m q e)`: `(r e)`, drawn once.

        As far as there are enough, no two codes get the same.
        """
        level = dead.nonzero()[:, 0]
        token = torch.randperm(len(given))[torch.arange(len(level)) % len(given)]
        return shared(given[token.to(level.device), level])

    def resizing(self) -> Resizing:
        """Use that is counted anew where the number of codes differs, or a source counted none."""
        return Resizing({"": StartAnew("use of codes")}, free=("",)) if self.resets else Resizing()


def _sample(stats: Stats) -> Sample:
    return Sample(stats["tokens"], stats["real"])
