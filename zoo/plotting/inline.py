"""A picture as SVG inside a page, in the page's colours and type."""

import re
from xml.etree import ElementTree

from zoo.plotting.palette import PALETTE

_NAMES = {colour.light: f"var(--{colour.name})" for colour in PALETTE}
_HEX = re.compile(r"#[0-9a-f]{6}\b")
_FAMILY = re.compile(r"font-family: [^;]*;? ?")
_FONT = re.compile(r"font: ([^;]*?)([\d.]+)px [^;]*;?")
_REFERENCE = re.compile(r"(url\(#|^#)")
_PIXELS_PER_POINT = 4 / 3


def inline(svg: bytes, name: str, alt: str) -> str:
    """The drawing ``svg`` as an element of a page.

    Colours of the palette become its names, type the page's own; every id gets ``name`` in front, as a page holds many
    drawings; ``alt`` stands for all of it.
    """
    root = ElementTree.fromstring(svg)
    _drop(root)
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(key): _themed(_local(key), value, name) for key, value in element.attrib.items()}
    width, height = (float(part) for part in root.attrib["viewBox"].split()[2:])
    size = f"--natural: {width * _PIXELS_PER_POINT:.0f}px"
    root.attrib = {"viewBox": f"0 0 {width:g} {height:g}", "role": "img", "aria-label": alt, "style": size}
    root.attrib["class"] = "plot"
    return ElementTree.tostring(root, encoding="unicode")


def _drop(root: ElementTree.Element) -> None:
    """Remove metadata of the file, and style rules that would affect the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in ("metadata", "style"):
                parent.remove(child)


def _themed(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key in ("href", "clip-path", "fill", "mask"):
        value = _REFERENCE.sub(rf"\g<1>{name}-", value)
    if key == "style":
        value = _FONT.sub(r"font-size: \2px;", _FAMILY.sub("", value))
    return (
        _HEX.sub(lambda found: _NAMES.get(found[0], found[0]), value) if key in ("style", "fill", "stroke") else value
    )


def _local(name: str) -> str:
    return name.rpartition("}")[2]
