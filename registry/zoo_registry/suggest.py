"""Names in messages, tables and pictures: the nearest known one, several in a sentence, one cut short."""

import difflib
from collections.abc import Iterable, Sequence


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The member of ``known`` most similar to ``name``, or None if none is close."""
    close = difflib.get_close_matches(name[:200], list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: `a, b and c`."""
    *others, last = names or ("none",)
    return f"{', '.join(others)} and {last}" if others else last


def shortened(name: str, most: int = 12) -> str:
    """``name`` on one line, cut to so many letters."""
    line = " ".join(name.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
