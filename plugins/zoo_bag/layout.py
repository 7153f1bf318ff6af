"""Where a bag reads stretches and what it counts, computed in integers before torch is imported."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

Kind = Literal["axis", "joint", "level"]
"""axis: codes of stretches of one channel. joint: codes of all channels. level: cells of mean and deviation."""


class Block(NamedTuple):
    """A range of features that count the same thing: ``cells`` codes or cells for each of ``series`` channels.

    Stretches are read at ``scale``. A joint block has one series, which combines all channels.
    """

    kind: Kind
    scale: int
    series: int
    cells: int

    @property
    def size(self) -> int:
        """Number of features."""
        return self.series * self.cells

    @property
    def name(self) -> str:
        """A name that is unique within a bag."""
        return f"{self.kind}_{self.scale}_{self.cells}"


@dataclass(frozen=True)
class Layout:
    """Stretches of ``samples`` values, each the mean over ``scale`` samples, of windows of ``channels`` and ``length``.

    They start every ``step`` samples. Each kind and scale has codebooks with ``codes`` codes. ``level`` gives the
    number of cells by mean and by deviation; if either is 0, there are none.
    """

    channels: int
    length: int
    samples: int
    scales: tuple[int, ...]
    step: int
    codes: tuple[int, ...]
    joint: bool
    level: tuple[int, int]

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
    ) -> "Layout":
        """The layout for one input. Scales whose stretches do not fit are left out, except the shortest.

        If the shortest does not fit either, stretches have fewer samples. A single channel has no joint codes.
        """
        shortest = min(scales)
        samples = min(samples, length // shortest)
        kept = tuple(sorted({scale for scale in scales if scale * samples <= length} | {shortest}))
        step = max(1, round(length / places))
        return cls(channels, length, samples, kept, step, tuple(sorted(set(codes))), joint and channels > 1, level)

    def places(self, scale: int) -> int:
        """Number of stretches at ``scale``."""
        return (self.length - self.samples * scale) // self.step + 1

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, in the order of the features."""
        found = []
        for scale in self.scales:
            for codes in self.codes:
                found.append(Block("axis", scale, self.channels, codes))
                if self.joint:
                    found.append(Block("joint", scale, 1, codes))
            if cells := self.level[0] * self.level[1]:
                found.append(Block("level", scale, self.channels, cells))
        return tuple(found)

    @property
    def features(self) -> int:
        """Number of features of a window."""
        return sum(block.size for block in self.blocks)

    @property
    def numbers(self) -> int:
        """Number of values in all codebooks."""
        axes = {"axis": 1, "joint": self.channels, "level": 0}
        return sum(block.cells * axes[block.kind] * self.samples for block in self.blocks)

    @property
    def held(self) -> int:
        """Number of values in the stretches of one window, at the scale that has most."""
        return 2 * self.places(self.scales[0]) * self.channels * self.samples
