"""When a run writes: often enough that a kill costs little work, seldom enough that writing costs little time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.02
"""Most that writing may take of the time since it was last done."""
LONGEST = 30.0
"""Seconds of work that a kill may cost, in spite of `SHARE`; if an epoch is longer, a whole epoch."""


class Pace:
    """Decides after every epoch whether to write, from how long it took to write last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._written: float | None = None
        self._took = 0.0
        self._asked = clock()

    def due(self) -> bool:
        """Whether to write now; must be called once, at the end of every epoch."""
        now = self._clock()
        epoch, self._asked = now - self._asked, now
        if self._written is None:
            return True
        since = now - self._written
        # The next chance to write comes an epoch later.
        return self._took <= SHARE * since or since + epoch > LONGEST

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Context that writes and is timed."""
        start = self._clock()
        yield
        self._written = self._asked = self._clock()
        self._took = self._written - start
