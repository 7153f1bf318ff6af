"""Codes and the actions that they name, as a matrix."""

from collections import Counter

import numpy as np
from zoo_registry.suggest import listed, shortened

from zoo.codebook.book import Book
from zoo.codebook.shapes import Array
from zoo.codebook.squares import shade
from zoo.plotting.drawing import SMALL, new_figure, plain, tidy
from zoo.plotting.palette import INK, ON_SERIES, RULE, SERIES
from zoo.plotting.picture import Picture

MOST = 64
"""Codes and actions that are drawn."""
_LONGEST = 40
_DARK = 0.6
_LISTED = 3


def actions_picture(book: Book, texts: tuple[str, ...]) -> Picture:
    """Shares of the ``texts`` among the predicted actions of every code: the most used codes, the most likely actions.

    Actions are in their order, and codes in the order of their most likely action, which has a dot.
    """
    assert book.actions is not None
    rows, columns = _drawn(book.actions)
    shares = (book.actions / book.actions.sum(1, keepdims=True))[np.ix_(rows, columns)]
    figure = new_figure(1.3 + 0.17 * max(len(columns), 10), 2.3 + 0.155 * max(len(rows), 4))
    axis = figure.subplots()
    strength = shares / shares.max()
    shade(axis, strength, SERIES[0])
    for row, column in enumerate(shares.argmax(1)):
        color = ON_SERIES if strength[row, column] > _DARK else INK
        axis.plot(column, row, "o", color=color, markersize=2.5)
    some = f", {len(rows)} of {len(book.codes)} codes" if len(rows) < len(book.codes) else ""
    some += f", {len(columns)} of {len(texts)} actions" if len(columns) < len(texts) else ""
    title = f"{book.usage.book}: share of each action in what a code says{some}"
    tidy(axis, y="code", title=f"{title}\ndarkest: {shares.max():.0%}; dot: the most likely action")
    axis.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axis.set_xticks(
        range(len(columns)), [plain(shortened(texts[number], _LONGEST)) for number in columns], rotation=60,
        ha="right", rotation_mode="anchor",
    )  # fmt: skip
    axis.set_yticks(range(len(rows)), [str(code) for code in book.codes[rows]])
    axis.tick_params(labelsize=SMALL - 1)
    axis.grid(color=RULE, linewidth=0.3)
    axis.set_axisbelow(True)
    return Picture("actions", "Actions that codes name", _alt(book, texts), figure)


def _drawn(sums: Array) -> tuple[Array, Array]:
    """Rows and columns of `sums (u g)` to draw, in order."""
    used = sums[:MOST]
    columns = np.sort(np.argsort(-used.sum(0), kind="stable")[:MOST])
    best = used[:, columns].argmax(1)
    strength = used[:, columns].max(1) / used.sum(1)
    return np.lexsort((-strength, best)), columns


def _alt(book: Book, texts: tuple[str, ...]) -> str:
    """How many actions are named, and which by most codes, in a sentence."""
    assert book.actions is not None
    counts = Counter(book.actions.argmax(1).tolist())
    label = [f"{shortened(texts[number], _LONGEST)} by {count}" for number, count in counts.most_common(_LISTED)]
    return f"{len(book.codes)} codes name {len(counts)} of {len(texts)} actions; most often {listed(label)}."
