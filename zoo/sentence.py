"""Words put together as sentences want them."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: `a, b and c`."""
    *others, last = names or ("none",)
    return f"{', '.join(others)} and {last}" if others else last
