"""Similarity of actions and of classes as a picture."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from zoo_registry.suggest import shortened

from zoo.plotting.drawing import SIGNED, SMALL, TEXT, new_figure, plain
from zoo.plotting.palette import INK, ON_SERIES, RULE, SOFT
from zoo.plotting.picture import Picture
from zoo.texts.text_report import GramReport, TextReport

_MOST_NAMES, _MOST_VALUES = 50, 16
"""Classes with a name at the axis, and classes whose cosines are written into their cells."""
_LONGEST_NAME = 24
_PANEL = 3.9
_DARK = 0.6


def gram_picture(report: TextReport) -> Picture:
    """Cosines between all actions in the order of their classes, and between the means of classes; plain, and centred
    on the mean of all actions."""
    rows = [action.row for found in report.classes for action in found.actions]
    sizes = [len(found.actions) for found in report.classes]
    names = [found.label for found in report.classes]
    figure = new_figure(2 * _PANEL + 2.0, 2 * _PANEL + 0.2)
    figure.set_layout_engine("compressed", w_pad=0.2)  # text is drawn up to a tenth wider than measured
    axes = figure.subplots(2, 2, squeeze=False)
    panels = ((report.action_gram, rows, sizes), (report.class_gram, range(len(names)), [1] * len(names)))
    few = len(names) <= _MOST_VALUES
    for line, (gram, order, spans) in enumerate(panels):
        what = ("actions", "class means")[line]
        for column, (words, matrix, mean) in enumerate(_both(gram)):
            axis = axes[line, column]
            shown = _draw(axis, matrix[np.ix_(order, order)])
            axis.set_title(f"{what}, {words}: mean {_signed(mean)}", fontsize=TEXT + 0.5, loc="left")
            _name(axis, names if column == 0 else [], spans)
            if line and few:
                _write(axis, matrix)
    bar = figure.colorbar(shown, ax=axes, shrink=0.4, aspect=30)
    bar.set_label("cosine" + "; numbers are hundredths" * few, fontsize=TEXT, color=SOFT)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL, color=RULE, labelcolor=SOFT)
    alt = (
        f"Cosines between {len(rows)} actions of {len(names)} classes (mean {report.action_gram.plain_mean:.2f}, "
        f"centred {report.action_gram.centred_mean:.2f}), and between the means of the classes."
    )
    return Picture("gram", "Similarity of actions and classes", alt, figure)


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no minus before zero


def _both(gram: GramReport) -> tuple[tuple[str, NDArray[np.float64], float], ...]:
    return (
        ("plain", np.array(gram.plain), gram.plain_mean),
        ("centred", np.array(gram.centred), gram.centred_mean),
    )


def _draw(axis: Axes, matrix: NDArray[np.float64]) -> AxesImage:
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set_color(RULE)
    return axis.imshow(matrix, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")


def _name(axis: Axes, names: Sequence[str], sizes: Sequence[int]) -> None:
    """Lines between classes of several rows, and their ``names`` at the left."""
    ends = np.cumsum(sizes)
    if max(sizes) > 1:
        for end in ends[:-1]:
            axis.axhline(end - 0.5, color=RULE, linewidth=0.5)
            axis.axvline(end - 0.5, color=RULE, linewidth=0.5)
    if names and len(names) <= _MOST_NAMES:
        axis.set_yticks(ends - np.array(sizes) / 2 - 0.5, [plain(shortened(name, _LONGEST_NAME)) for name in names])
        axis.tick_params(labelsize=SMALL, length=0, labelcolor=SOFT)


def _write(axis: Axes, matrix: NDArray[np.float64]) -> None:
    """The cosines in their cells, in hundredths."""
    for (row, column), value in np.ndenumerate(matrix):
        colour = ON_SERIES if abs(value) > _DARK else INK
        axis.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=SMALL - 2, color=colour)
