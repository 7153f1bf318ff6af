"""Whether one result is better than another in everything that counts."""


def beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether ``one`` is at least as good as ``other`` in every part, more being better, and better in one."""
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
