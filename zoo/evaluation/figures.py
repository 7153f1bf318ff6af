"""Pictures of one evaluated run: reconstructions, shapes at their positions, confusion, loss of recall."""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor
from zoo_registry.suggest import listed, shortened

from zoo.contracts import Output
from zoo.evaluation.score import Judged, Score
from zoo.plotting.drawing import SMALL, TEXT, new_figure, plain, tidy
from zoo.plotting.palette import INK, MUTED, ON_SERIES, RAW, REBUILT, RULE, SERIES
from zoo.plotting.picture import Picture

Array = NDArray[np.float32]

_MOST_DRAWN = 50
"""Largest number of classes in one picture; matplotlib cannot draw a figure of a thousand rows."""
_LONGEST_NAME = 24


def varied(labels: Sequence[str], most: int) -> list[int]:
    """Positions of windows of different classes, the first of each, up to ``most``."""
    first = {label: index for index, label in reversed(list(enumerate(labels)))}
    return sorted(first.values())[:most]


def reconstruction_picture(output: Output, labels: Sequence[str]) -> Picture | None:
    """Every window of ``output``, raw and rebuilt: a column per window and a row per channel, at most six.

    None without a reconstruction.
    """
    if output.x_recon is None:
        return None
    x, rebuilt = _observed(output), _array(output.x_recon)
    columns, rows = len(labels), min(output.x.shape[1], 6)
    figure = new_figure(2.8 * columns + 0.4, 1.2 * rows + 0.8)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for row, column in itertools.product(range(rows), range(columns)):
        axis = axes[row, column]
        axis.plot(x[column, row], color=RAW, linewidth=1.0, label="raw")
        axis.plot(rebuilt[column, row], color=REBUILT, linewidth=1.2, label="rebuilt")
        tidy(
            axis,
            x="sample" if row == rows - 1 else "",
            y=f"channel {row}" if column == 0 else "",
            title=labels[column] if row == 0 else "",
            ticks=3,
        )
    figure.align_ylabels(axes[:, 0])
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, frameon=False, fontsize=TEXT)
    errors = [f"{label} {np.nanmean(np.square(x[w] - rebuilt[w])):.3g}" for w, label in enumerate(labels)]
    alt = f"Raw and rebuilt signals of {columns} windows, {rows} channels each; mean squared errors: {listed(errors)}."
    return Picture("reconstruction", "Raw and rebuilt signals", alt, figure)


def shapes_picture(output: Output, labels: Sequence[str], windows: int = 3, most: int = 24) -> Picture | None:
    """One series of windows of different classes with its decoded shapes at their positions; None without shapes.

    Above, shapes over the raw series; below, each shape's stretch as a bar with its code, a colour per code. If there
    are more than ``most`` shapes, every second, third, … is drawn, in the order of their positions.
    """
    if output.shapes is None or output.tokens is None or output.tokens.places is None:
        return None
    drawn = _Drawn(_array(output.shapes), *map(_array, output.tokens.places))
    picked = varied(labels, windows)
    figure = new_figure(3.6 * len(picked) + 0.4, 5.2)
    axes = figure.subplots(2, len(picked), squeeze=False, sharex="col", height_ratios=(1, 1.15))
    seen = []
    for column, window in enumerate(picked):
        seen.append(_draw_shapes(axes[0, column], axes[1, column], output, drawn, window, most))
        tidy(axes[0, column], title=labels[window], y="first series and its shapes" if column == 0 else "")
        tidy(axes[1, column], x="sample", y="position of each shape, with its code" if column == 0 else "")
    parts = [f"{labels[window]} {codes} different codes" for window, codes in zip(picked, seen, strict=True)]
    alt = f"Decoded shapes drawn over {len(picked)} raw series at their positions and lengths: {listed(parts)}."
    return Picture("shapes", "Shapes at their positions", alt, figure)


class _Drawn(NamedTuple):
    """Decoded shapes `(b c n s)`, with the start and the length of each `(b c n)` as shares of the series."""

    shapes: Array
    start: Array
    length: Array


def _draw_shapes(above: Axes, below: Axes, output: Output, drawn: _Drawn, window: int, most: int) -> int:
    """Draw one window's shapes and their stretches; returns how many different codes it has."""
    series = folded(output, window, drawn.shapes.shape[1])
    shapes, start, length = (part[window, 0] for part in drawn)
    codes = token_codes(output, window, len(start))
    colors = dict(zip(sorted(set(codes)), itertools.cycle(SERIES), strict=False))
    above.plot(series, color=MUTED, linewidth=2.6)
    for row, token in enumerate(np.argsort(start)[:: -(-len(start) // most)]):
        first, last = (min(end, 1) * (len(series) - 1) for end in (start[token], start[token] + length[token]))
        color = colors[codes[token]]
        above.plot(np.linspace(first, last, shapes.shape[-1]), shapes[token], color=color, linewidth=1.1)
        below.plot((first, last), (-row, -row), color=color, linewidth=3, solid_capstyle="butt")
        below.text(last + 0.01 * len(series), -row, codes[token], color=color, fontsize=SMALL - 0.5, va="center")
    below.set_yticks([])
    below.set_xlim(-0.02 * len(series), 1.08 * len(series))
    return len(set(codes))


def confusion_picture(report: Score) -> Picture:
    """True class against predicted class, counts in cells, coloured by the share of the true class."""
    every, classifier = np.asarray(report.confusion), report.reader.label
    kept = _most_confused(every)
    names = [shortened(report.classes[k].name, _LONGEST_NAME) for k in kept]
    counts = every[np.ix_(kept, kept)]
    shares = counts / np.maximum(every[kept].sum(1, keepdims=True), 1)
    size = 1.9 + 0.36 * len(names)
    figure = new_figure(size + 0.5, size)
    axis = figure.subplots()
    tidy(axis, x="predicted", y="true", title=f"{classifier}: {report.correct}/{report.total}")
    for row, column in np.argwhere(counts > 0):
        share = shares[row, column]
        axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=SERIES[0], alpha=max(share, 0.04), linewidth=0))
        color = ON_SERIES if share > 0.6 else INK
        axis.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=SMALL, color=color)
    axis.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), aspect="equal")
    labels = [plain(name) for name in names]
    axis.set_xticks(range(len(names)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(names)), labels)
    some = f" The {len(kept)} classes with most mistakes of {len(every)} are drawn." * (len(kept) < len(every))
    parts = _confused(report, every) + some
    return Picture(f"confusion-{_slug(classifier)}", f"Confusion of {classifier}", parts, figure)


def _most_confused(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """The classes to draw of a confusion matrix, in order: if there are too many, those with most mistakes."""
    mistakes = counts.sum(0) + counts.sum(1) - 2 * counts.diagonal()
    return np.sort(np.argsort(-mistakes, kind="stable")[:_MOST_DRAWN])


def _confused(report: Score, counts: NDArray[np.int64]) -> str:
    """The most frequent mistakes in a sentence."""
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    names = [scores.name for scores in report.classes]
    worst = sorted(np.argwhere(wrong > 0).tolist(), key=lambda cell: -wrong[tuple(cell)])[:3]
    parts = [f"{names[row]} as {names[column]}, {wrong[row, column]} times" for row, column in worst]
    return f"{report.correct} of {report.total} windows on the diagonal; most frequent mistakes: {listed(parts)}."


def recall_picture(judge: Judged) -> Picture:
    """Recall of one judge per class, on raw and on rebuilt signals, the largest loss first."""
    raw, rebuilt = judge
    name = rebuilt.reader.name
    found = [
        (b.name, a.recall, b.recall)
        for a, b in zip(raw.classes, rebuilt.classes, strict=True)
        if a.recall is not None and b.recall is not None
    ]
    rows = sorted(found, key=lambda row: row[2] - row[1])[:_MOST_DRAWN]
    figure = new_figure(5.6, 0.9 + 0.24 * len(rows))
    axis = figure.subplots()
    place = np.arange(len(rows))
    before, after = (np.asarray([row[part] for row in rows], dtype=float) for part in (1, 2))
    axis.hlines(place, before, after, color=MUTED, linewidth=2, zorder=1)
    axis.scatter(before, place, s=30, facecolors="none", edgecolors=RAW, linewidths=1.5, label="raw", zorder=2)
    axis.scatter(after, place, s=24, color=REBUILT, label="rebuilt", zorder=2)
    tidy(axis, x=f"recall of {name}")
    axis.set(xlim=(-0.03, 1.03), ylim=(len(rows) - 0.5, -0.5))
    axis.set_yticks(place, [plain(shortened(row[0], _LONGEST_NAME)) for row in rows])
    axis.grid(axis="x", color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=TEXT)
    parts = [f"{label} from {a:.2f} to {b:.2f}" for label, a, b in rows[:3]]
    some = f" {len(rows)} of {len(found)} classes are drawn." * (len(rows) < len(found))
    alt = f"Recall per class on raw and on rebuilt signals, largest loss first: {listed(parts)}.{some}"
    return Picture(f"recall-{_slug(name)}", f"Recall of {name} per class, raw and rebuilt", alt, figure)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def folded(output: Output, window: int, drawn: int) -> Array:
    """The first of the ``drawn`` series with shapes: the first channel, or all of them if they were flattened."""
    x = _observed(output)[window]
    series: Array = x[0] if drawn == len(x) else x.reshape(-1)
    return series


def _observed(output: Output) -> Array:
    """The raw signals `(b c t)`, NaN where not observed, so that gaps stay empty."""
    x = _array(output.x)
    return x if output.mask is None else np.where(_array(output.mask), x, np.float32("nan"))


def token_codes(output: Output, window: int, tokens: int) -> list[str]:
    """Codes of the tokens of a window's first series, levels joined; empty texts without a quantizer."""
    if output.quantized is None:
        return [""] * tokens
    return ["·".join(map(str, code)) for code in _array(output.quantized.codes)[window, 0]]


def token_places(output: Output, window: int) -> tuple[Array, Array]:
    """Start and length of the tokens of a window's first series, as shares of it: from their attributes, or evenly."""
    assert output.tokens is not None
    if output.tokens.places is not None:
        start, length = (_array(part)[window, 0] for part in output.tokens.places)
        return start, length
    count = output.tokens.values.shape[2]
    spans = np.asarray(output.tokens.spans or [1] * count, np.float32)
    ends = np.concatenate([[0], np.cumsum(spans)]).astype(np.float32)
    return ends[:-1] / ends[-1], spans / ends[-1]


def _array(value: Tensor) -> Array:
    found: Array = value.detach().cpu().numpy()
    return found
