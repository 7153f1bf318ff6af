"""Windows with their codes named along the time axis."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from zoo_registry.suggest import listed, shortened

from zoo.contracts import Output
from zoo.evaluation.figures import folded, token_codes, token_places, varied
from zoo.plotting.drawing import SMALL, new_figure, plain, tidy
from zoo.plotting.palette import RAW, RULE, SERIES
from zoo.plotting.picture import Picture
from zoo.report.wording import Numbers, Wording

_LABEL = 24
"""Letters of an action over a token."""
_WIDTH, _LETTER = 10.0, 0.0052
"""Width of the windows in inches, and that of a letter as a share of it."""
_LANE, _SERIES = 0.25, 0.95
"""Heights in inches."""


def named_windows_picture(
    output: Output, words: Wording, labels: Sequence[str], windows: int = 3, most: int = 24
) -> Picture | None:
    """The first series of windows of different classes, each token below it with its code and its most likely action.

    A colour per action. If there are more than ``most`` tokens, every second, third, … is drawn. None for a model that
    names no actions.
    """
    if words.first is None:
        return None
    picked = varied(labels, windows)
    drawn = [_named(output, words.texts, words.first[window, 0], window, most) for window in picked]
    said = [list(dict.fromkeys(token.action for token in tokens)) for tokens in drawn]
    colors = dict(zip(dict.fromkeys(itertools.chain(*said)), itertools.cycle(SERIES), strict=False))
    heights = [height for tokens in drawn for height in (_SERIES, _LANE * (1 + max(token.row for token in tokens)))]
    figure = new_figure(_WIDTH, sum(heights) + 0.55 * len(picked))
    axes = figure.subplots(2 * len(picked), 1, squeeze=False, height_ratios=heights)[:, 0]
    for window, tokens, above, below in zip(picked, drawn, axes[::2], axes[1::2], strict=True):
        series = folded(output, window, words.first.shape[1])
        above.plot(np.linspace(0, 1, len(series)), series, color=RAW, linewidth=1.0)
        tidy(above, title=labels[window], ticks=3)
        above.set(xlim=(0, 1), xticks=[])
        _draw(below, tokens, colors)
    tidy(axes[-1], x="share of the window")
    counts = [f"{labels[window]} {len(actions)}" for window, actions in zip(picked, said, strict=True)]
    alt = f"First series of {len(picked)} windows with the code and action of each token; actions: {listed(counts)}."
    return Picture("text-windows", "Codes named along the time axis", alt, figure)


class _Named(NamedTuple):
    """A token from ``start`` to ``end``, shares of the window, and the row and the start ``at`` of its label."""

    row: int
    start: float
    end: float
    at: float
    action: int
    label: str


def _named(output: Output, texts: Sequence[str], actions: Numbers, window: int, most: int) -> list[_Named]:
    """Tokens in the order of their starts, each in the first row in which its label is free."""
    starts, lengths = token_places(output, window)
    codes = token_codes(output, window, len(actions))
    ends: list[float] = []
    found = []
    for token in np.argsort(starts, kind="stable")[:: -(-len(starts) // most)]:
        label = f"{codes[token]} {shortened(texts[actions[token]], _LABEL)}".strip()
        start, end = float(starts[token]), min(float(starts[token] + lengths[token]), 1.0)
        width = _LETTER * len(label)
        at = min(start, 1 - width)
        row = next((row for row, free in enumerate(ends) if free <= at), len(ends))
        ends[row : row + 1] = [max(end, at + width + _LETTER)]
        found.append(_Named(row, start, end, at, int(actions[token]), label))
    return found


def _draw(axis: Axes, tokens: Sequence[_Named], colors: Mapping[int, str]) -> None:
    for token in tokens:
        color, row = colors[token.action], token.row
        axis.plot((token.start, token.end), (row, row), color=color, linewidth=3, solid_capstyle="butt")
        axis.text(token.at, row - 0.22, plain(token.label), color=color, fontsize=SMALL - 0.5, va="bottom")
    tidy(axis)
    axis.set(xlim=(0, 1), ylim=(max(token.row for token in tokens) + 0.3, -1), yticks=[])
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x", color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
