"""The nearest known name to a misspelt one."""

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
