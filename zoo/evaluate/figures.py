"""Pictures of one evaluated run: reconstructions, shapes in their place, code usage, confusion."""

import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from zoo.contracts import Output
from zoo.evaluate.classification import ClassReport
from zoo.evaluate.usage import UsageReport
from zoo.files import write_bytes

Picture = NDArray[np.float32]

RAW, REBUILT, MUTED = "#3b4252", "#d1622b", "#b9c0cb"
_AXES = ("#2f6fb2", "#2e8b57", "#8a4fbe", "#b8860b", "#c2456a", "#3f8f9b")


def write_figure(path: Path, figure: Figure) -> None:
    """Write a PNG, whole or not at all."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=150)
    write_bytes(path, drawn.getvalue())


def varied(labels: Sequence[str], most: int) -> list[int]:
    """Positions of windows of different classes, the first of each, up to ``most``."""
    first = {label: index for index, label in reversed(list(enumerate(labels)))}
    return sorted(first.values())[:most]


def reconstruction_figure(output: Output, labels: Sequence[str], windows: int = 4) -> Figure:
    """Windows of different classes, raw and rebuilt: a column per window and a row per channel, at most six."""
    assert output.x_recon is not None
    x, rebuilt, picked = _array(output.x), _array(output.x_recon), varied(labels, windows)
    columns, rows = len(picked), min(x.shape[1], 6)
    figure = Figure(figsize=(3.0 * columns + 0.6, 1.3 * rows + 0.9), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for row in range(rows):
        for column, window in enumerate(picked):
            axis = axes[row, column]
            axis.plot(x[window, row], color=RAW, linewidth=1.0, label="raw")
            axis.plot(rebuilt[window, row], color=REBUILT, linewidth=1.0, label="rebuilt")
            _tidy(axis)
        axes[row, 0].set_ylabel(f"channel {row}", fontsize=8)
    for column, window in enumerate(picked):
        axes[0, column].set_title(labels[window], fontsize=9)
        axes[-1, column].set_xlabel("sample", fontsize=8)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def shapes_figure(output: Output, labels: Sequence[str], windows: int = 3, most: int = 24) -> Figure | None:
    """One series of windows of different classes with its decoded shapes where they lie; None without shapes.

    Above, shapes over the raw series; below, each shape's stretch as a bar with its code, a colour per code. Of more
    than ``most`` shapes every second, third, … is drawn, in the order of their places.
    """
    if output.shapes is None or output.attributes is None:
        return None
    picked = varied(labels, windows)
    figure = Figure(figsize=(4.0 * len(picked) + 0.4, 5.6), layout="constrained")
    axes = figure.subplots(2, len(picked), squeeze=False, sharex="col", height_ratios=(1, 1.15))
    for column, window in enumerate(picked):
        above, below = axes[:, column]
        series, shapes = _folded(output, window), _array(output.shapes)[window, 0]
        start, length = _array(output.attributes.t)[window, 0], _array(output.attributes.l)[window, 0]
        codes = _codes(output, window, len(start))
        colors = dict(zip(sorted(set(codes)), itertools.cycle(_AXES), strict=False))
        above.plot(series, color=MUTED, linewidth=2.6)
        for row, token in enumerate(np.argsort(start)[:: -(-len(start) // most)]):
            first, last = (min(end, 1) * (len(series) - 1) for end in (start[token], start[token] + length[token]))
            color = colors[codes[token]]
            above.plot(np.linspace(first, last, shapes.shape[-1]), shapes[token], color=color, linewidth=1.1)
            below.plot((first, last), (-row, -row), color=color, linewidth=3, solid_capstyle="butt")
            below.text(last + 0.01 * len(series), -row, codes[token], color=color, fontsize=7, va="center")
        above.set_title(labels[window], fontsize=9)
        below.set_xlabel("sample", fontsize=8)
        below.set_yticks([])
        below.set_xlim(-0.02 * len(series), 1.08 * len(series))
        _tidy(above)
        _tidy(below)
    axes[0, 0].set_ylabel("first series and its shapes", fontsize=8)
    axes[1, 0].set_ylabel("place of each shape, with its code", fontsize=8)
    return figure


def usage_figure(levels: Sequence[UsageReport]) -> Figure:
    """How often each code occurs, most used first, a row per codebook."""
    figure = Figure(figsize=(9, 1.6 + 1.7 * len(levels)), layout="constrained")
    for axis, level in zip(figure.subplots(len(levels), 1, squeeze=False)[:, 0], levels, strict=True):
        counts = np.sort(np.asarray(level.counts))[::-1]
        axis.bar(np.arange(len(counts)), counts / max(counts.sum(), 1), color=_AXES[0], width=0.85)
        axis.set_title(
            f"{level.book}: {level.used} of {level.codes} codes used, perplexity {level.perplexity:.1f}", fontsize=9
        )
        axis.set_ylabel("share of tokens", fontsize=8)
        _tidy(axis)
    axis.set_xlabel("code, most used first", fontsize=8)
    return figure


def confusion_figure(report: ClassReport, title: str) -> Figure:
    """True class against predicted class, counts in cells, coloured by the share of the true class."""
    names = [scores.name for scores in report.classes]
    counts = np.asarray(report.confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    size = 2.6 + 0.46 * len(names)
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counts > 0):
        color = "white" if shares[row, column] > 0.5 else RAW
        axis.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7, color=color)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.set_xlabel("predicted", fontsize=8)
    axis.set_ylabel("true", fontsize=8)
    axis.set_title(f"{title}: {report.correct}/{report.total}", fontsize=9)
    for spine in axis.spines.values():
        spine.set_visible(False)
    return figure


def _folded(output: Output, window: int) -> Picture:
    """The first series that shapes were drawn for: the first channel, or all of them where they were flattened."""
    x = _array(output.x)[window]
    series: Picture = x[0] if output.shapes is not None and output.shapes.shape[1] == len(x) else x.reshape(-1)
    return series


def _codes(output: Output, window: int, tokens: int) -> list[str]:
    if output.quantized is None:
        return [""] * tokens
    return ["·".join(map(str, code)) for code in _array(output.quantized.codes)[window, 0]]


def _array(value: Tensor) -> Picture:
    found: Picture = value.detach().cpu().numpy()
    return found


def _tidy(axis: Axes) -> None:
    axis.tick_params(labelsize=7)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
