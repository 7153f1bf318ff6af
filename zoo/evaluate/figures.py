"""Pictures of one evaluated run: reconstructions, shapes in their place, code usage, confusion."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from zoo.contracts import Output
from zoo.evaluate.classification import ClassReport
from zoo.evaluate.usage import UsageReport
from zoo.files import write_bytes

RAW, REBUILT, MUTED = "#3b4252", "#d1622b", "#b9c0cb"
_AXES = ("#2f6fb2", "#2e8b57", "#8a4fbe", "#b8860b", "#c2456a", "#3f8f9b")


def write_figure(path: Path, figure: Figure) -> None:
    """Write a PNG, whole or not at all."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=150)
    write_bytes(path, drawn.getvalue())


def reconstruction_figure(output: Output, labels: Sequence[str], windows: int = 3) -> Figure:
    """The first windows, raw and rebuilt, a column per window and a row per channel."""
    assert output.x_recon is not None
    x, rebuilt = _array(output.x), _array(output.x_recon)
    columns, rows = min(windows, len(x)), min(x.shape[1], 6)
    figure = Figure(figsize=(3.6 * columns + 0.6, 1.35 * rows + 0.9), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for row in range(rows):
        for column in range(columns):
            axis = axes[row, column]
            axis.plot(x[column, row], color=RAW, linewidth=1.0, label="raw")
            axis.plot(rebuilt[column, row], color=REBUILT, linewidth=1.0, label="rebuilt")
            _tidy(axis)
        axes[row, 0].set_ylabel(f"channel {row}", fontsize=8)
    for column in range(columns):
        axes[0, column].set_title(labels[column], fontsize=9)
        axes[-1, column].set_xlabel("sample", fontsize=8)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def shapes_figure(output: Output, label: str, channel: int = 0, longest: int = 12) -> Figure | None:
    """The longest decoded shapes of one series over the raw signal, each where it lies; None without shapes."""
    if output.shapes is None or output.attributes is None or output.tokens is None or output.scale is None:
        return None
    series = _array(output.x)[0].reshape(-1) if output.shapes.shape[1] == 1 else _array(output.x)[0, channel]
    shapes = _array(output.shapes)[0, channel]
    start, length = _array(output.attributes.t)[0, channel], _array(output.attributes.l)[0, channel]
    codes = _codes(output, channel, len(start))
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axis = figure.subplots()
    axis.plot(series, color=MUTED, linewidth=2.2, label="raw")
    for rank, token in enumerate(np.argsort(-length)[:longest]):
        first, last = start[token] * (len(series) - 1), min(start[token] + length[token], 1) * (len(series) - 1)
        place = np.linspace(first, last, shapes.shape[-1])
        color = _AXES[rank % len(_AXES)]
        axis.plot(place, shapes[token], color=color, linewidth=1.1)
        axis.annotate(codes[token], (place[-1], shapes[token, -1]), color=color, fontsize=7, xytext=(2, 2),
                      textcoords="offset points")  # fmt: skip
    axis.set_title(f"{label}: the {min(longest, len(start))} longest of {len(start)} shapes, with their codes", fontsize=9)
    axis.set_xlabel("sample", fontsize=8)
    _tidy(axis)
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


def _codes(output: Output, channel: int, tokens: int) -> list[str]:
    if output.quantized is None:
        return [""] * tokens
    return ["·".join(map(str, code)) for code in _array(output.quantized.codes)[0, channel]]


def _array(value: Tensor) -> np.ndarray:  # type: ignore[type-arg]
    found: np.ndarray = value.detach().cpu().numpy()  # type: ignore[type-arg]
    return found


def _tidy(axis: object) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axis, Axes)
    axis.tick_params(labelsize=7)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
