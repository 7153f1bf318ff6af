"""How a plugin reads recordings: hours of samples with a clock and with gaps, before anything is cut into windows."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Values = NDArray[float64]

FIRST_BYTES = 4096
"""Bytes at the start of a file by which a reader recognises it."""


class Block(NamedTuple):
    """Consecutive samples of a recording, at most a few minutes of them; it may be empty.

    ``time (t)`` is in seconds after the start of the recording and increases; ``x (c t)`` has the axes and units of the
    recording, NaN where a value is missing; ``side`` has a value `(t)` of every side channel per sample. ``continues``:
    there is no gap between this block and the one before. ``notes`` say in a sentence each what is wrong with the file
    at this place.
    """

    time: "Values"
    x: "Values"
    side: Mapping[str, "Values"]
    continues: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What a recording says of itself before its samples.

    ``start`` is the time of the first sample by the device's own clock, without a time zone. ``rate`` is the nominal
    one in Hz; ``axes`` name the channels and ``units`` is their unit, None if unknown. ``side`` are units of side
    channels by name, such as temperature, light and button. ``facts`` are the fields of its header, as written there.
    ``activities`` are for a recording that holds its own labels: names of classes by their number in the side channel
    `activity`; numbers without a name are of no class.
    """

    start: datetime
    rate: float
    axes: tuple[str, ...]
    units: str | None
    side: Mapping[str, str] = field(default_factory=dict)
    subject: str | None = None
    device: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    activities: Mapping[int, str] = field(default_factory=dict)


class Recording(ABC):
    """An open recording in the file ``path``; it can be read several times."""

    def __init__(self, path: Path, about: About) -> None:
        self.path, self.about = path, about

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """All samples from first to last; only a few blocks are ever in memory.

        Gaps, where the clock jumps, are not filled. Raises DataError for a file that cannot be trusted, with the place.
        """


class RecordingReader(ABC):
    """Reads one kind of recording. The docstring of a subclass starts with one sentence that names the kind."""

    suffixes: ClassVar[tuple[str, ...]]
    """Usual ends of file names, such as .bin; a file is recognised by its content alone."""

    @abstractmethod
    def claims(self, first: bytes) -> bool:
        """Whether a file that starts with these `FIRST_BYTES` is of this kind; a short file has fewer."""

    @abstractmethod
    def open(self, path: Path) -> Recording:
        """The recording in ``path``, of which only the header is read. Raises DataError for a damaged header."""
