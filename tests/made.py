"""Recordings in memory, cut into blocks of any size."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from zoo_registry import About, Block, Recording, RecordingReader

START = datetime(2021, 3, 28, 12, 0, 0)


class MadeRecording(Recording):
    """Samples ``x (c t)`` at ``time (t)``, in blocks that end at ``cuts``; a step of over 1.5 samples is a gap."""

    def __init__(
        self,
        time,
        x,
        rate=10.0,
        cuts: Sequence[int] = (),
        temperature=None,
        name="made.bin",
        start=START,
        device="made",
    ):
        side = {} if temperature is None else {"temperature": "deg. C"}
        axes = tuple("xyzabcdefg"[: len(x)])
        super().__init__(Path(name), About(start, rate, axes, "g", side, subject="P01", device=device))
        self.time, self.x, self.cuts, self.temperature = (
            np.asarray(time, float),
            np.asarray(x, float),
            cuts,
            temperature,
        )

    def blocks(self) -> Iterator[Block]:
        gaps = np.flatnonzero(np.diff(self.time) > 1.5 / self.about.rate) + 1
        bounds = sorted({0, *gaps.tolist(), *self.cuts, len(self.time)})
        for first, last in pairwise(bounds):
            rows = slice(first, last)
            side = {} if self.temperature is None else {"temperature": self.temperature[rows]}
            yield Block(self.time[rows], self.x[:, rows], side, continues=first != 0 and first not in gaps)


class MadeReader(RecordingReader):
    """Recordings in memory, by the names of files that hold nothing but a mark."""

    suffixes = (".made",)

    def __init__(self, folder: Path, recordings: Mapping[str, MadeRecording]):
        self.recordings = recordings
        for name in recordings:
            (folder / name).write_bytes(b"made")

    def claims(self, first: bytes) -> bool:
        return first == b"made"

    def open(self, path: Path) -> Recording:
        found = self.recordings[path.name]
        found.path = path
        return found
