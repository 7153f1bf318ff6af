"""Where a bag reads stretches and what it counts, computed in integers before torch is imported."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

Kind = Literal["axis", "joint", "level"]
"""axis: codes of stretches of one channel. joint: codes of all channels. level: cells of mean and deviation."""


class Block(NamedTuple):
    """A range of features that count the same thing: ``cells`` codes or cells for each of ``series`` channels.

    Stretches are read at ``scale``. A joint block has one series, which combines all channels. ``book`` is the name of
    its codebook; a level block has none.
    """

    kind: Kind
    scale: int
    series: int
    cells: int
    book: str | None = None

    @property
    def size(self) -> int:
        """Number of features."""
        return self.series * self.cells


@dataclass(frozen=True)
class Layout:
    """Stretches of ``samples`` values, each the mean over ``scale`` samples, of windows of ``channels`` and ``length``.

    They start every ``step`` samples. Each kind and scale has codebooks with ``codes`` codes; if they are ``shared``,
    all scales have the same ones. ``level`` gives the number of cells by mean and by deviation; if either is 0, there
    are none.
    """

    channels: int
    length: int
    samples: int
    scales: tuple[int, ...]
    step: int
    codes: tuple[int, ...]
    joint: bool
    level: tuple[int, int]
    shared: bool

    @classmethod
    def of(
        cls,
        channels: int,
        length: int,
        samples: int,
        scales: tuple[int, ...],
        places: int,
        codes: tuple[int, ...],
        joint: bool,
        level: tuple[int, int],
        shared: bool,
    ) -> "Layout":
        """The layout for one input. Scales whose stretches do not fit are left out, except the shortest.

        If the shortest does not fit either, stretches have fewer samples. A single channel has no joint codes.
        """
        shortest = min(scales)
        samples = min(samples, length // shortest)
        kept = tuple(sorted({scale for scale in scales if scale * samples <= length} | {shortest}))
        step = max(1, round(length / places))
        sizes = tuple(sorted(set(codes)))
        return cls(channels, length, samples, kept, step, sizes, joint and channels > 1, level, shared)

    def places(self, scale: int) -> int:
        """Number of stretches at ``scale``."""
        return (self.length - self.samples * scale) // self.step + 1

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, in the order of the features."""
        found = []
        for scale in self.scales:
            for codes in self.codes:
                found.append(Block("axis", scale, self.channels, codes, self._book("axis", scale, codes)))
                if self.joint:
                    found.append(Block("joint", scale, 1, codes, self._book("joint", scale, codes)))
            if cells := self.level[0] * self.level[1]:
                found.append(Block("level", scale, self.channels, cells))
        return tuple(found)

    def _book(self, kind: Kind, scale: int, codes: int) -> str:
        return f"{kind}_{codes}" if self.shared else f"{kind}_{scale}_{codes}"

    @property
    def books(self) -> Mapping[str, tuple[int, int]]:
        """Size `(k e)` of every codebook by name."""
        axes: Mapping[Kind, int] = {"axis": 1, "joint": self.channels}
        return {
            block.book: (block.cells, axes[block.kind] * self.samples)
            for block in self.blocks
            if block.book is not None
        }

    @property
    def users(self) -> int:
        """Number of scales that use the same codebook."""
        return len(self.scales) if self.shared else 1

    @property
    def features(self) -> int:
        """Number of features of a window."""
        return sum(block.size for block in self.blocks)

    @property
    def numbers(self) -> int:
        """Number of values in all codebooks."""
        return sum(codes * width for codes, width in self.books.values())

    @property
    def held(self) -> int:
        """Number of values in the stretches of one window, at the scale that has most."""
        return 2 * self.places(self.scales[0]) * self.channels * self.samples
