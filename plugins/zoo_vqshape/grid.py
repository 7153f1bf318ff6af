"""Grids of tokens: which samples of a series each token represents, computed in integers."""

from typing import NamedTuple

from zoo_registry import ShapeError

from zoo_vqshape.fits import nearest_divisor

USUAL_TOKENS = 20
"""Usual tokens of a grid, for 5 s windows of a wrist sensor: a quarter of a second each."""

LEAST = 2
"""Minimum samples of a token: a place needs a start and an end."""


class Span(NamedTuple):
    """``samples`` of a series, starting at index ``start``."""

    start: int
    samples: int


def usual_tokens(length: int) -> int:
    """Tokens for a series of ``length``: the divisor nearest to 20 if one is near, so that any decoder fits."""
    most = max(1, length // LEAST)
    divisor = nearest_divisor(length, USUAL_TOKENS, least=USUAL_TOKENS // 2, most=2 * USUAL_TOKENS)
    return min(divisor or USUAL_TOKENS, most)


def grid(length: int, tokens: int, overlap: float, scales: tuple[int, ...] = (1,)) -> tuple[Span, ...]:
    """Spans of ``tokens`` tokens spread evenly over ``length`` samples, then those of one grid for each further scale.

    Tokens of scale s are s times as long, and there are about tokens / s of them. A token covers ``overlap`` times its
    share of the series. From 1 on neighbours leave no gap, and the last token ends with the series. Raises ShapeError
    if a token would have fewer than two samples.
    """
    if tokens > length // LEAST:
        expected = f"at most {length // LEAST}, so that a token has {LEAST} of the series' {length} samples"
        raise ShapeError("encoder.tokens", expected, str(tokens), f"use {length // LEAST}")
    return tuple(span for scale in scales for span in _even(length, max(1, round(tokens / scale)), overlap))


def _even(length: int, count: int, overlap: float) -> list[Span]:
    samples = length if count == 1 else min(length, max(LEAST, -int(-overlap * length // count)))
    room, gaps = length - samples, max(1, count - 1)
    return [Span((2 * number * room + gaps) // (2 * gaps), samples) for number in range(count)]
