"""The colours of figures and pages: figures are drawn in the light shades, pages show either."""

from typing import NamedTuple


class Colour(NamedTuple):
    """A colour by its part, with a shade for light paper and one for dark."""

    name: str
    light: str
    dark: str


INK, SOFT, MUTED, RULE = "#1f2630", "#5a6472", "#b9c0cb", "#d5dae1"
RAW, REBUILT = "#3b4252", "#c2541b"
ON_SERIES = "#ffffff"
SERIES = ("#2f6fb2", "#2a8254", "#8a4fbe", "#a87400", "#c2456a", "#2f8290")
"""Colours that distinguish categories; text in ``ON_SERIES`` is readable on any of them."""

PALETTE = (
    Colour("ink", INK, "#e6e9ee"),
    Colour("ink", "#000000", "#e6e9ee"),  # matplotlib's default
    Colour("soft", SOFT, "#a9b3c0"),
    Colour("muted", MUTED, "#5b6675"),
    Colour("rule", RULE, "#363f4a"),
    Colour("paper", "#fdfdfc", "#14181d"),
    Colour("raised", "#f3f4f6", "#1d232a"),
    Colour("raw", RAW, "#c3cad5"),
    Colour("rebuilt", REBUILT, "#f29252"),
    Colour("on-series", ON_SERIES, "#10151b"),
    Colour("series-0", SERIES[0], "#7ab2ee"),
    Colour("series-1", SERIES[1], "#63c48d"),
    Colour("series-2", SERIES[2], "#c09af0"),
    Colour("series-3", SERIES[3], "#dcae3e"),
    Colour("series-4", SERIES[4], "#ee8ba6"),
    Colour("series-5", SERIES[5], "#69bcc8"),
    Colour("warning", "#a5351a", "#ff9d86"),
    Colour("good", "#22683f", "#74cf9a"),
)
"""Every colour that a page knows; a picture's colours are replaced by these names, any other stays as it is."""
