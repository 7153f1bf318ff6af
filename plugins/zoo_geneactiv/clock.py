"""The clock of a .bin: when the samples of each page were taken, and where time is missing."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from zoo_registry import DataError

from zoo_geneactiv.fields import COPY
from zoo_geneactiv.header import Header
from zoo_geneactiv.notes import Notes
from zoo_geneactiv.pages import EPOCH, SAMPLES, Damage, Page, Stray

_GAP = 0.5
"""Share of a page by which the next may start late or early and still follow it."""
_DRIFT = 0.01
"""Share of a page that a drifting clock explains."""


class Timed(NamedTuple):
    """A page with the ``step`` between its samples in seconds; ``continues``: it follows the page before directly."""

    page: Page
    step: float
    continues: bool


class Clock:
    """Gives samples their times: those of a page spread evenly up to the start of the next, as the device's clock runs.

    The last page and one before a gap have the nominal rate. What is irregular is added to ``notes``.
    """

    def __init__(self, path: Path, header: Header, notes: Notes) -> None:
        self._path, self._header, self._notes = path, header, notes
        self._length = SAMPLES / header.rate
        self._first = self._found = self._lost = self._samples = 0

    def timed(self, pages: Iterable[Page | Damage | Stray]) -> Iterator[Timed]:
        """The sound pages. Raises DataError for one that begins before the page before ends."""
        continues = False
        for page, following, left_out in self._pairs(pages):
            if page.samples < SAMPLES:
                self._notes.add("short", f"page {page.number} has only {page.samples} of its {SAMPLES} samples")
            self._samples += page.samples
            step, follows = self._step(page, following, left_out) if following else (1 / self._header.rate, False)
            yield Timed(page, step, continues)
            continues = follows
        self._compare_count()

    def _pairs(self, pages: Iterable[Page | Damage | Stray]) -> Iterator[tuple[Page, Page | None, int]]:
        """Every sound page once, the next of them, and how many damaged ones were left out between the two."""
        before: Page | None = None
        left_out = 0
        for page in pages:
            if isinstance(page, Stray):
                lines = "a line" if page.lines == 1 else f"{page.lines} lines"
                self._notes.add("stray", f"after page {page.number}: {lines} of no page")
            elif isinstance(page, Damage):
                self._notes.add("damage", f"{page.why}; the page is left out")
                self._found, left_out = self._found + 1, left_out + 1
            elif page == before:
                self._notes.add("twice", f"page {page.number} is in the file twice and read once")
            else:
                if before is None:
                    self._first = max(0, page.number - left_out)
                else:
                    yield before, page, left_out
                self._found, left_out, before = self._found + 1, 0, page
        if before is not None:
            yield before, None, left_out

    def _step(self, page: Page, following: Page, left_out: int) -> tuple[float, bool]:
        """Seconds between the samples of ``page``, and whether ``following`` continues it without a gap."""
        period, between = 1 / self._header.rate, (following.start - page.start) / 1000
        late = between - page.samples * period
        if between <= 0 or late < -_GAP * self._length:
            expected = f"a start at or after {_written(page.start + round(1000 * page.samples * period))}"
            where = f"{self._path}, page {following.number}, Page Time"
            raise DataError(where, f"{expected}, where page {page.number} ends", _written(following.start), COPY)
        # A page that lacks samples does not show the pace of the clock.
        broken = left_out > 0 or late > (_GAP if page.samples == SAMPLES else _DRIFT) * self._length
        unexplained = between - (1 + left_out) * self._length
        if unexplained > _GAP * self._length:
            times = f"{_written(following.start - round(1000 * late))} to {_written(following.start)}"
            gap = f"a gap of {late:.3f} s after {self._samples} samples, {times}"
            self._missing(page.number, following.number, left_out, gap)
        elif following.number != page.number + 1 + left_out:
            self._notes.add("number", f"page {following.number} follows page {page.number} without a gap in time")
        elif not left_out and abs(unexplained) > _DRIFT * self._length:
            pace = f"{between:.3f} s before the next, which is {SAMPLES / between:.2f} Hz"
            self._notes.add("pace", f"page {page.number} starts {pace}, not {self._header.rate:g} Hz")
        return (min(period, between / page.samples) if broken else between / page.samples), not broken

    def _missing(self, before: int, following: int, left_out: int, gap: str) -> None:
        """Note a ``gap`` between two pages; sequence numbers tell lost pages from a clock that was set anew."""
        lost = following - before - 1 - left_out
        if lost > 0:
            self._lost += lost
            which = f"page {following - 1} is" if lost == 1 else f"{lost} pages before page {following} are"
            self._notes.add("lost", f"{which} missing: {gap}")
        else:
            self._notes.add("leap", f"the clock leaps between pages {before} and {following}: {gap}")

    def _compare_count(self) -> None:
        announced = self._header.pages
        if announced == str(self._found):
            return
        text = f"{self._found} pages are in the file, the header announces {announced or 'none'}"
        text += f"; the first is page {self._first}" * (self._first > 0)
        if self._lost and announced == str(self._first + self._found + self._lost):
            self._notes.complete("lost", text)
        else:
            self._notes.add("count", text)


def _written(milliseconds: int) -> str:
    return (EPOCH + timedelta(milliseconds=milliseconds)).isoformat(sep=" ", timespec="milliseconds")
