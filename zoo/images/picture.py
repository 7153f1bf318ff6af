"""A picture of windows: a row each, with its signal, its persistence diagram and its images side by side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray
from zoo_registry.suggest import listed

from zoo.data.batch import Batch
from zoo.images.made import Made
from zoo.plotting.drawing import SIGNED, SMALL, TEXT, new_figure, plain, tidy
from zoo.plotting.palette import RAW, RULE, SERIES
from zoo.plotting.picture import Picture

_CHANNELS = 3
"""Channels that are drawn."""
_SIGNAL, _DIAGRAM, _IMAGE, _ROW = 3.0, 1.6, 1.45, 1.75
"""Widths and height of the panels in inches."""
_POSITIVE = LinearSegmentedColormap.from_list("positive", ["#ffffff", SERIES[0], RAW])


def images_picture(
    windows: Batch, labels: Sequence[str], channels: Sequence[str], units: str | None, made: Sequence[Made]
) -> Picture:
    """Every window of ``windows`` with all its images in ``made``; at most three channels."""
    shown = min(windows.x.shape[1], _CHANNELS)
    panels = [(one, part) for one in made for part in (["diagram"] if one.diagrams is not None else []) + ["image"]]
    widths = [_SIGNAL]
    for _, part in panels:
        widths += [_DIAGRAM] if part == "diagram" else [_IMAGE] * shown
    rows = len(labels)
    figure = new_figure(sum(widths) + 0.4, _ROW * rows + 0.5)
    axes = figure.subplots(rows, len(widths), squeeze=False, width_ratios=widths)
    for row, label in enumerate(labels):
        last = row == rows - 1
        _signal(axes[row, 0], windows, row, shown)
        tidy(
            axes[row, 0],
            x="sample" if last else "",
            y=units or "",
            title=f"{label}, window {int(windows.index[row])}",
            ticks=4,
        )
        column = 1
        for one, part in panels:
            if part == "diagram":
                _diagram(axes[row, column], one, row, shown)
                title = "diagram of the\nscaled signal" if row == 0 else ""
                tidy(axes[row, column], x="birth" if last else "", y="death", title=title, ticks=3)
                column += 1
                continue
            for channel in range(shown):
                axis = axes[row, column + channel]
                _image(axis, one, row, channel)
                title = f"{plain(one.kind)}\n{_colours(one)}" if row == channel == 0 else ""
                axis.set_title(title, fontsize=TEXT + 0.5, loc="left")
                name = plain(channels[channel]) if last else ""
                axis.set_xlabel(name, fontsize=TEXT, color=SERIES[channel])
            column += shown
    alt = f"Signals of {rows} windows ({listed(labels)}) beside their images: {listed([one.kind for one in made])}."
    return Picture("images", "Images of windows", alt, figure)


def _signal(axis: Axes, windows: Batch, row: int, shown: int) -> None:
    x = windows.x[row].double().numpy().copy()
    if windows.mask is not None:
        x[~windows.mask[row].numpy()] = np.nan
    for channel in range(shown):
        axis.plot(x[channel], color=SERIES[channel], linewidth=0.9)
    axis.set_xlim(0, x.shape[1] - 1)


def _diagram(axis: Axes, made: Made, row: int, shown: int) -> None:
    """Births and deaths of all drawn channels, over the line where both are equal."""
    assert made.diagrams is not None
    limits: list[float] = []
    for channel in range(shown):
        pairs: NDArray[np.float64] = made.diagrams[row, channel].numpy()
        pairs = pairs[pairs[:, 1] > pairs[:, 0]]
        limits += pairs.flatten().tolist()
        axis.scatter(pairs[:, 0], pairs[:, 1], s=7, color=SERIES[channel], alpha=0.7, linewidths=0)
    ends = (min(limits), max(limits)) if limits else (0.0, 1.0)
    axis.plot(ends, ends, color=RULE, linewidth=0.8, zorder=0)


def _image(axis: Axes, made: Made, row: int, channel: int) -> None:
    """One channel's image: from white, or from orange over white to blue for images with negative values."""
    low, high = _limits(made)
    pixels = made.images[row, channel].double().numpy()
    axis.imshow(pixels, cmap=SIGNED if low < 0 else _POSITIVE, vmin=low, vmax=high, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set_color(RULE)
    axis.tick_params(labelsize=SMALL)


def _limits(made: Made) -> tuple[float, float]:
    """The values of the first and the last colour: 0 is white, and opposite values are equally dark."""
    high = max(float(made.images.abs().max()), 1e-12)
    return (-high if bool(made.images.min() < 0) else 0.0), high


def _colours(made: Made) -> str:
    low, high = _limits(made)
    return f"−{high:.3g} orange to {high:.3g} blue" if low < 0 else f"0 white to {high:.3g} dark"
