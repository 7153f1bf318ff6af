"""Pages from templates; everything that comes from a run is escaped as text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from zoo_registry.escaping import for_markup

from zoo.io.files import write_bytes
from zoo.plotting.inline import inline
from zoo.plotting.palette import PALETTE
from zoo.plotting.picture import Picture

_WIDE = 5.0
"""Figures wider than this many inches take a full row."""


class Drawn(NamedTuple):
    """A picture inside a page: ``svg`` is markup, everything else text."""

    name: str
    title: str
    svg: str
    wide: bool


class Section(NamedTuple):
    """A section of the page: its anchor and its name in the table of contents."""

    id: str
    name: str


def save(picture: Picture, figures: Path) -> Drawn:
    """Write PNG and SVG of ``picture`` into the folder ``figures`` and return it for a page."""
    files = picture.files()
    for name, content in files.items():
        write_bytes(figures / name, content)
    wide = float(picture.figure.get_figwidth()) > _WIDE
    return Drawn(picture.name, picture.title, inline(files[f"{picture.name}.svg"], picture.name, picture.alt), wide)


def render(template: str, context: Mapping[str, Any]) -> str:
    """Render ``template`` with ``context``; a name that is missing from the context is an error."""
    environment = Environment(
        loader=PackageLoader("zoo.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": share, "number": number, "points": points, "plain_value": plain_value}
    palette = {colour.name: colour for colour in PALETTE if colour.light != "#000000"}
    page = environment.get_template(template).render({**context, "palette": palette.values()})
    return for_markup(page)


def share(value: float | None) -> str:
    """A share, an R² or a correlation with three digits; empty if not measured."""
    return "" if value is None else f"{value:.3f}".replace("-", "−")


def number(value: float | None) -> str:
    """A measure with a unit, with three significant digits; empty if not measured."""
    return "" if value is None else f"{value:#.3g}".removesuffix(".").replace("-", "−")


def points(value: float) -> str:
    """A difference in percentage points, with its sign and one digit."""
    return f"{value:+.1f}".replace("-", "−")


def plain_value(value: object) -> str:
    """A value of a spec as JSON writes it, without quotes around text."""
    if isinstance(value, list | tuple):
        return ", ".join(map(plain_value, value)) or "none"
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
