"""Where a bag reads stretches and what it counts, worked out in integers before torch is imported."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

Kind = Literal["axis", "joint", "level"]
"""axis: codes of stretches of one channel. joint: codes of all channels at once. level: cells of mean and deviation."""


class Block(NamedTuple):
    """Neighbouring features that count the same thing: ``cells`` codes or cells for each of ``series`` channels.

    Stretches are read at ``scale``; the series of a joint block is one, all channels.
    """

    kind: Kind
    scale: int
    series: int
    cells: int

    @property
    def size(self) -> int:
        """Features."""
        return self.series * self.cells

    @property
    def name(self) -> str:
        """A name that no other block of a bag has."""
        return f"{self.kind}_{self.scale}_{self.cells}"


@dataclass(frozen=True)
class Layout:
    """Stretches of ``samples`` means over ``scale`` samples of windows of ``channels`` and ``length``.

    They start every ``step`` samples. Books of ``codes`` codes are held for each kind and scale; ``level`` are cells by
    mean and by deviation, none where one of them is 0.
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
        """The layout for one input: scales whose stretches do not fit are left out, all but the shortest.

        Where that one does not fit either, stretches have as many samples as do; a single channel has no joint codes.
        """
        shortest = min(scales)
        samples = min(samples, length // shortest)
        kept = tuple(sorted({scale for scale in scales if scale * samples <= length} | {shortest}))
        step = max(1, round(length / places))
        return cls(channels, length, samples, kept, step, tuple(sorted(set(codes))), joint and channels > 1, level)

    def places(self, scale: int) -> int:
        """Stretches at ``scale``."""
        return (self.length - self.samples * scale) // self.step + 1

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Everything that is counted, in the order of the features."""
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
        """Features of a window."""
        return sum(block.size for block in self.blocks)

    @property
    def numbers(self) -> int:
        """Numbers in all codebooks."""
        axes = {"axis": 1, "joint": self.channels, "level": 0}
        return sum(block.cells * axes[block.kind] * self.samples for block in self.blocks)

    @property
    def held(self) -> int:
        """Numbers that the stretches of one window are, at the scale that has most."""
        return 2 * self.places(self.scales[0]) * self.channels * self.samples
