"""Figures and axes as every picture of the zoo has them."""

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from zoo_registry.escaping import for_markup

from zoo.plotting.palette import REBUILT, RULE, SERIES, SOFT

TEXT, SMALL = 8.5, 7.5
"""Sizes of text in points, at a figure's natural size."""
SIGNED = LinearSegmentedColormap.from_list("signed", [REBUILT, "#ffffff", SERIES[0]])
"""Colours of numbers on both sides of 0: orange, white, blue."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches that lays itself out."""
    return Figure(figsize=(width, height), layout="constrained")


def tidy(axis: Axes, x: str = "", y: str = "", title: str = "", ticks: int = 5) -> None:
    """Quiet frame, about so many small ticks, and labels that matplotlib takes as they are."""
    for along in (axis.xaxis, axis.yaxis):
        locator = along.get_major_locator()
        if isinstance(locator, MaxNLocator):  # dates have one of their own
            locator.set_params(nbins=ticks)
    axis.tick_params(labelsize=SMALL, color=RULE, labelcolor=SOFT)
    for side, spine in axis.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(RULE)
    axis.set_xlabel(plain(x), fontsize=TEXT, color=SOFT)
    axis.set_ylabel(plain(y), fontsize=TEXT, color=SOFT)
    axis.set_title(plain(title), fontsize=TEXT + 0.5, loc="left")


def plain(text: str) -> str:
    """``text`` with nothing in it that matplotlib would read as mathematics, or that no font shows."""
    return for_markup(text).replace("$", r"\$")
