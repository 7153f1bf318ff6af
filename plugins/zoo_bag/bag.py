"""A bag of shapes: how often stretches of a signal match each code, and histograms of their mean and deviation."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from zoo.contracts import Adapted, Standardize, TrainingWindows, recording, without_autocast
from zoo_bag.codes import Codes
from zoo_bag.layout import Block, Layout
from zoo_bag.learn import WINDOWS, draw, learn_codes, learn_knots, some_shapes
from zoo_bag.specs import BagSpec
from zoo_bag.stretches import Stretches, read
from zoo_bag.votes import Votes, code_votes, level_votes

_HELD = 2**22
"""Upper limit on the values of stretches held in memory at once."""
_TYPICAL = 512
"""Number of training windows from which the mean and the spread of the features are estimated."""


class Counted(NamedTuple):
    """A block, its ``votes``, and the ``shares (b g k)`` of these votes that each of its cells receives."""

    block: Block
    votes: Votes
    shares: Tensor


class Bag(Adapted):
    """`x (b c t) -> (b f)`: square roots of the shares of codes and of level and deviation cells, block by block.

    From each block its mean over training windows is subtracted, and the block is divided by its total deviation, so
    that all blocks have equal weight. Codes and knots are learned from training windows standardised per channel, so
    they do not depend on units. Codebooks that another bag has learned are kept.
    """

    needs = "codebooks and quantiles of its training data"

    def __init__(self, spec: BagSpec, layout: Layout) -> None:
        super().__init__()
        self.spec, self.layout = spec, layout
        self.standardize = Standardize(layout.channels)
        self.codes = Codes(layout)
        for block in layout.blocks:
            if block.kind == "level":
                for name, knots in zip(knot_names(block), layout.level, strict=True):
                    self.register_buffer(name, torch.zeros(layout.channels, knots))
        self.register_buffer("middle", torch.zeros(layout.features))
        self.register_buffer("spread", torch.ones(len(layout.blocks)))
        self.middle: Tensor
        self.spread: Tensor

    @property
    def learns(self) -> bool:
        """Codebooks that were learned come with what was learned with them, or without."""
        return super().learns or self.codes.waiting

    @torch.no_grad()
    def adapt(self, windows: TrainingWindows) -> None:
        """Learn codebooks by k-means, if there are none yet, and knots by quantiles, then the mean and spread of the
        resulting features."""
        waiting, given = self.codes.waiting, defaultdict[str, list[Tensor]](list)
        x, mask = windows.some(WINDOWS)
        x = self.standardize(x, mask)
        for scale in self.layout.scales:
            stretches = draw((self._read(*part, scale) for part in self._parts(x, mask)), len(x))
            for block in (block for block in self.layout.blocks if block.scale == scale):
                if block.book is None:
                    learned = learn_knots(stretches, self.layout.level)
                    for name, knots in zip(knot_names(block), learned, strict=True):
                        self.get_buffer(name).copy_(knots)
                elif waiting:
                    shapes = given[block.book]
                    shapes.append(some_shapes(stretches, block.kind, self.layout.users))
                    if len(shapes) == self.layout.users:
                        self.codes.of(block).copy_(learn_codes(torch.cat(shapes), block.cells))
        self._learn_scale(windows)
        self.mark_filled()

    def _learn_scale(self, windows: TrainingWindows) -> None:
        x, mask = windows.some(_TYPICAL)
        roots = self._roots(x, mask)
        self.middle.copy_(roots.mean(0))
        deviations = [part.var(0, correction=0).sum().sqrt() for part in torch.split(roots, self.sizes, 1)]
        self.spread.copy_(torch.stack([torch.where(found > 0, found, 1) for found in deviations]))

    @property
    def sizes(self) -> list[int]:
        """Features of each block."""
        return [block.size for block in self.layout.blocks]

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Features `(b f)` of `x (b c t)`; they are 0 for a series without a fully observed stretch.

        Raises BundleError before `adapt` has run.
        """
        self.require_filled()
        with without_autocast(x.device):
            parts = [self._features(*part) for part in self._parts(x.to(self.middle.dtype), mask)]
        return torch.cat(parts)

    def _features(self, x: Tensor, mask: Tensor | None) -> Tensor:
        found = []
        for number, (counted, middle) in enumerate(zip(self.count(x, mask), self.middles(), strict=True)):
            scaled = (root(counted.shares) - middle) / self.spread[number]
            if counted.votes.seen is not None:
                scaled = torch.where(counted.votes.seen.any(-1, keepdim=True), scaled, 0)
            found.append(scaled.flatten(1))
        return torch.cat(found, 1)

    def middles(self) -> list[Tensor]:
        """Mean of the square roots of shares, one tensor `(g k)` per block."""
        parts = torch.split(self.middle, self.sizes)
        return [part.view(block.series, -1) for part, block in zip(parts, self.layout.blocks, strict=True)]

    def count(self, x: Tensor, mask: Tensor | None = None) -> Iterator[Counted]:
        """The counts of each block in `x (b c t)`, in the order of the features."""
        x = self.standardize(x, mask)
        for scale in self.layout.scales:
            stretches = self._read(x, mask, scale)
            for block in [block for block in self.layout.blocks if block.scale == scale]:
                votes = self._votes(block, stretches)
                yield Counted(block, votes, votes.shares(block.cells))

    def _votes(self, block: Block, found: Stretches) -> Votes:
        if block.kind == "level":
            mu, sigma = (self.get_buffer(name) for name in knot_names(block))
            return level_votes(found.mu, found.sigma, mu, sigma, found.seen)
        shapes = found.axis if block.kind == "axis" else found.joint
        seen = found.seen if block.kind == "axis" else found.seen_jointly
        return code_votes(shapes, self.codes.of(block), self.spec.nearest, self.spec.temperature, seen)

    def _read(self, x: Tensor, mask: Tensor | None, scale: int) -> Stretches:
        return read(x, mask, self.layout.samples, scale, self.layout.step, self.spec.floor)

    def _roots(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Square roots of all shares, `(b f)`."""
        parts = self._parts(x.to(self.middle.dtype), mask)
        return torch.cat([torch.cat([root(one.shares).flatten(1) for one in self.count(*part)], 1) for part in parts])

    def _parts(self, x: Tensor, mask: Tensor | None) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Split the batch into chunks, so that memory does not grow with it; one chunk when recording."""
        if recording():
            yield x, mask
            return
        size = max(_HELD // self.layout.held, 1)
        for start in range(0, max(len(x), 1), size):
            yield x[start : start + size], None if mask is None else mask[start : start + size]


def knot_names(block: Block) -> tuple[str, str]:
    """Names of the buffers that hold the centres of a level block's cells, by mean and by deviation."""
    return f"mu_{block.scale}", f"sigma_{block.scale}"


def root(shares: Tensor) -> Tensor:
    """Square root with gradient 0 at 0, so that empty cells get no gradient."""
    some = shares > 0
    return torch.where(some, torch.where(some, shares, 1).sqrt(), 0)
