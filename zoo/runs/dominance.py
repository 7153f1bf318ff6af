"""Pareto dominance."""


def beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether ``one`` is at least as good as ``other`` in every part, and better in one; higher is better."""
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
