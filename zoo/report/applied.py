"""Recordings that a run was applied to, with links to what `zoo apply` wrote, as the page of the run shows them."""

from base64 import b64encode
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from zoo_registry import SpecError

from zoo.applied.files import SUMMARY, day_name
from zoo.applied.record import AppliedFolder, applied_with
from zoo.io.files import open_file
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_result

_MOST_CLASSES, _MOST_PICTURES, _LATEST = 4, 8, 6
"""Classes and pictures of a folder, and folders whose pictures are in the page; of older ones they are linked."""
_LARGEST = 400_000
"""Bytes of a picture that is shown in the page itself; others are linked."""
_PNG = b"\x89PNG\r\n\x1a\n"


class Link(NamedTuple):
    """A file beside the page: its name and its address."""

    name: str
    address: str


class DayPicture(NamedTuple):
    """The days of one ``recording``, as the ``data`` address of an image."""

    recording: str
    data: str


class AppliedRow(NamedTuple):
    """A folder of `zoo apply`: the most ``frequent`` classes with their minutes, and what is still there of it.

    ``earlier``: other weights than the run has now. A folder that is ``gone``, or was written again with another
    model, has neither links nor pictures.
    """

    found: AppliedFolder
    frequent: list[tuple[str, float]]
    earlier: bool
    gone: bool
    links: list[Link]
    pictures: list[DayPicture]


def applied_rows(home: RunFolder) -> list[AppliedRow]:
    """A row for each folder of `zoo apply`, the latest first; raises DataError for a damaged list."""
    weights = home.stamp()["weights"]
    latest = applied_with(home)[::-1]
    return [_row(home, found, weights, shown=number < _LATEST) for number, found in enumerate(latest)]


def _row(home: RunFolder, found: AppliedFolder, weights: str | None, shown: bool) -> AppliedRow:
    folder = home.path / found.folder
    there = _holds(folder, found)
    names = {of: f"{day_name(of, len(found.recordings))}.png" for of in found.recordings[:_MOST_PICTURES]}
    drawn = {of: name for of, name in names.items() if there and Path(name).name == name and (folder / name).is_file()}
    return AppliedRow(
        found=found,
        frequent=[(name, value) for name, value in list(found.minutes.items())[:_MOST_CLASSES] if value],
        earlier=found.weights != weights,
        gone=not there,
        links=[Link(name, _address(found.folder, name)) for name in (SUMMARY, *drawn.values()) if there],
        pictures=[DayPicture(of, data) for of, name in drawn.items() if shown and (data := _embedded(folder / name))],
    )


def _holds(folder: Path, found: AppliedFolder) -> bool:
    """Whether ``folder`` still holds what was written then, and not the predictions of another model."""
    try:
        summary = read_result(folder / SUMMARY)
    except SpecError:
        return False
    return isinstance(summary, dict) and summary.get("weights") == found.weights


def _address(folder: str, name: str) -> str:
    """Relative to the page, or a file address; every character that could end or change an address is encoded."""
    if Path(folder).is_absolute():
        return (Path(folder) / name).as_uri()
    return quote(f"{folder}/{name}", errors="surrogateescape")


def _embedded(path: Path) -> str | None:
    """The picture in ``path`` as a data address; None if it is large or no PNG."""
    try:
        with open_file(path, _LARGEST) as file:
            content = file.read()
    except OSError:
        return None
    return f"data:image/png;base64,{b64encode(content).decode()}" if content.startswith(_PNG) else None
