"""Picture of a decision over its signal: contributions of samples, and the shapes that contributed most."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from zoo.codebook.shapes import Array
from zoo.explain.decision import Decision
from zoo.explain.report import CodeSaid
from zoo.plotting.drawing import SMALL, TEXT, new_figure, plain, tidy
from zoo.plotting.palette import INK, MUTED, RAW, REBUILT, RULE, SERIES, SOFT
from zoo.plotting.picture import Picture

_ROWS = 6
"""Channels that are drawn."""
_CODES = 6
"""Number of codes drawn at their positions."""
_OVERLAP = 0.5
"""Largest overlap of two drawn stretches, as a share of the longer; further codes are only in the table."""


def decision_picture(name: str, decision: Decision, x: Tensor, mask: Tensor | None, title: str) -> Picture:
    """Channels of the signal `x (c t)` with each sample's contribution, and the top codes at their positions."""
    rows = min(len(x), _ROWS)
    drawn = chosen(decision.codes, _CODES)
    figure = new_figure(10, 1.25 * max(rows, 3) + 1.1)
    grid = figure.add_gridspec(1, 2, width_ratios=(2.9, 1))
    axes = grid[0].subgridspec(rows, 1).subplots(sharex=True, squeeze=False)[:, 0]
    largest = max(float(decision.curve.abs().max()), 1e-12)
    for row, axis in enumerate(axes):
        values = x[row].double().numpy().copy()
        if mask is not None:
            values[~mask[row].numpy()] = np.nan
        _signal(axis, values, decision.curve[row].numpy() / largest)
        for rank, number in enumerate(drawn):
            _in_place(axis, values, decision.codes[number], decision.shapes[number], row, rank)
        tidy(axis, x="sample" if row == rows - 1 else "", y=f"channel {row}", ticks=4)
    figure.align_ylabels(axes)
    _list(figure.add_subplot(grid[1]), decision, drawn)
    figure.suptitle(
        f"{plain(title)}\nshaded: contribution of each sample; blue for the class, orange against it",
        fontsize=TEXT + 0.5, x=0.01, ha="left",
    )  # fmt: skip
    return Picture(name, "Contributions to the decision", _alt(title, decision, drawn), figure)


def chosen(codes: Sequence[CodeSaid], most: int) -> list[int]:
    """Indices of the codes to draw: those that contribute to the class at a position that is not drawn already."""
    found: list[int] = []
    for number, code in enumerate(codes):
        if code.said > 0 and code.start is not None and not any(_same(code, codes[other]) for other in found):
            found.append(number)
        if len(found) == most:
            break
    return found


def _same(one: CodeSaid, other: CodeSaid) -> bool:
    """Whether two stretches of one channel are mostly the same."""
    if one.channel != other.channel or one.place is None or other.place is None:
        return False
    (start, end), (first, last) = one.place, other.place
    return min(end, last) - max(start, first) > _OVERLAP * max(end - start, last - first)


def _signal(axis: Axes, values: Array, curve: Array) -> None:
    """Draw the signal over its samples' contributions; 1 is half the height of the panel."""
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    low, high = (low, high) if high > low else (-1.0, 1.0)
    middle, half = (low + high) / 2, (high - low) / 2
    samples = np.arange(len(values))
    for sign, color in ((1, SERIES[0]), (-1, REBUILT)):
        top = middle + half * np.where(sign * curve > 0, curve, 0)
        axis.fill_between(samples, middle, top, color=color, alpha=0.3, linewidth=0, step="mid")
    axis.axhline(middle, color=RULE, linewidth=0.6)
    axis.plot(samples, values, color=RAW, linewidth=0.9)
    axis.set_xlim(0, len(values) - 1)


def _in_place(axis: Axes, values: Array, code: CodeSaid, shapes: Tensor, row: int, rank: int) -> None:
    """Draw the code over the stretch where it contributes most, with the best-fitting offset and scale."""
    if code.start is None or code.end is None or code.channel not in (None, row):
        return
    shape = shapes[row if code.channel is None else 0].double().numpy()
    scale = (code.end - code.start) // len(shape)
    stretch = values[code.start : code.end].reshape(len(shape), scale).mean(1)
    away = stretch - stretch.mean()
    fit = max(float(away @ shape), 0) / max(float(shape @ shape), 1e-12)
    places = code.start + scale * (np.arange(len(shape)) + 0.5) - 0.5
    color = _color(rank)
    axis.plot(places, stretch.mean() + fit * (shape - shape.mean()), color=color, linewidth=2.2)
    axis.text(places[0], stretch.mean() + fit * shape[0], f" {rank + 1}", color=color, fontsize=TEXT, weight="bold")


def _list(axis: Axes, decision: Decision, drawn: Sequence[int]) -> None:
    """List the drawn codes: shape, number, contribution, book and channel."""
    axis.axis("off")
    axis.set(xlim=(0, 1), ylim=(_CODES, 0))
    for rank, number in enumerate(drawn):
        code, shapes = decision.codes[number], decision.shapes[number].double().numpy()
        across = 0.02 + 0.3 * np.linspace(0, 1, shapes.shape[1])
        for part in shapes:
            axis.plot(
                across,
                rank + 0.5 - 0.33 * part / max(np.abs(shapes).max(), 1e-12),
                color=_color(rank),
                lw=1.4 if len(shapes) == 1 else 0.9,
            )
        where = "all channels" if code.channel is None else f"channel {code.channel}"
        kind, _, span = code.book.partition(" over ")
        lines = ((f"{rank + 1}   {code.said:+.3f}", INK), (f"code {code.code}, {where}", SOFT), (kind, SOFT))
        for line, (text, color) in enumerate((*lines, (f"over {span}", SOFT)) if span else lines):
            axis.text(0.36, rank + 0.18 + 0.21 * line, text, color=color, fontsize=SMALL, va="center")
        axis.axhline(rank + 1, color=RULE if rank + 1 < len(drawn) else "none", linewidth=0.6)
    if not drawn:
        axis.text(0, 0.3, "no shape contributes to the class", color=MUTED, fontsize=SMALL)


def _color(rank: int) -> str:
    return SERIES[(rank + 1) % len(SERIES)]


def _alt(title: str, decision: Decision, drawn: Sequence[int]) -> str:
    spoken = [
        f"code {decision.codes[n].code} of {decision.codes[n].book} adds {decision.codes[n].said:+.3f}" for n in drawn
    ]
    return f"{title}: {'; '.join(spoken) or 'no shape contributes to the class'}."
