"""A .bin as blocks of samples in g.

A sample has 48 bits: x, y and z with 12 each, 10 of light, the button, and one that is unused. This and the formulas
are in the device's manual.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from zoo_registry import About, Block, DataError, Recording

from zoo.sources import reading
from zoo_geneactiv.clock import Clock, Timed
from zoo_geneactiv.fields import AXES, COPY, about_of
from zoo_geneactiv.header import Header, read_header
from zoo_geneactiv.notes import Notes
from zoo_geneactiv.pages import EPOCH, SAMPLES, Page, pages_of

_SIDE = {"temperature": "°C", "light": "lux", "button": "0 or 1", "battery": "V"}
_BLOCK = 60
"""Seconds of a block, at least a page."""
_BUFFER = 2**18
"""Bytes that are read at once."""

Words = NDArray[np.uint16]


def open_bin(path: Path) -> "BinRecording":
    """The recording in ``path``. Raises DataError for a damaged header, and for a file without a sound page."""
    with _opened(path) as file:
        header = read_header(file, path)
        file.seek(header.end)
        first = next((page for page in pages_of(file, path, header) if isinstance(page, Page)), None)
    if first is None:
        raise DataError(str(path), "at least one page of samples", "only damaged ones", COPY)
    about = about_of(EPOCH + timedelta(milliseconds=first.start), header.rate, _SIDE, header.fields)
    return BinRecording(path, about, header, first.start)


class BinRecording(Recording):
    """Pages of a .bin, about a minute of them in a block; `start` is in ms after `EPOCH`."""

    def __init__(self, path: Path, about: About, header: Header, start: int) -> None:
        super().__init__(path, about)
        self._header, self._start = header, start

    def blocks(self) -> Iterator[Block]:
        notes, most = Notes(), max(1, round(_BLOCK * self.about.rate / SAMPLES))
        with _opened(self.path) as file:
            file.seek(self._header.end)
            run: list[Timed] = []
            for timed in Clock(self.path, self._header, notes).timed(pages_of(file, self.path, self._header)):
                if run and (len(run) == most or not timed.continues):
                    yield self._block(run)
                    run = []
                run.append(timed)
        if run:
            yield self._block(run)._replace(notes=notes.sentences())

    def _block(self, run: Sequence[Timed]) -> Block:
        pages = [timed.page for timed in run]
        counts = [page.samples for page in pages]
        time = [(page.start - self._start) / 1000 + step * np.arange(page.samples) for page, step, _ in run]
        words = np.frombuffer(b"".join(page.data for page in pages), ">u2").reshape(-1, 3).T.astype(np.uint16)
        light, button = (words[2] >> 2) & 0x3FF, (words[2] >> 1) & 1
        lux, volts = self._header.calibration["Lux"], self._header.calibration["Volts"]
        side = {
            "temperature": np.repeat([page.temperature for page in pages], counts),
            "light": light * lux / volts,
            "button": button.astype(np.float64),
            "battery": np.repeat([page.battery for page in pages], counts),
        }
        return Block(np.concatenate(time), self._acceleration(words), side, run[0].continues)

    def _acceleration(self, words: Words) -> NDArray[np.float64]:
        """Acceleration `(3 t)` in g: (100 raw − offset) / gain, with signed numbers of 12 bits in words `(3 t)`."""
        upper = np.stack([words[0], words[0] << 12 | words[1] >> 4, words[1] << 8 | words[2] >> 8])
        raw = upper.view(np.int16) >> 4  # 12 bits at the top of 16: the shift extends the sign
        gain, offset = (
            np.array([[self._header.calibration[f"{axis} {name}"]] for axis in AXES]) for name in ("gain", "offset")
        )
        acceleration: NDArray[np.float64] = (100.0 * raw - offset) / gain
        return acceleration


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with reading(path, "the .bin of a GENEActiv", COPY), path.open("rb", _BUFFER) as file:
        yield file
