"""Content of `windows.json`: where the windows of a folder come from, and what is in none."""

from typing import Any

from pydantic import BaseModel, SerializeAsAny

REPORT = "windows.json"


class Origin(BaseModel, frozen=True):
    """A recording that windows were cut from; times are by the device's clock, ``gaps`` and ``unworn`` in seconds."""

    file: str
    sha256: str
    kind: str
    device: str | None
    subject: str | None
    rate: float
    start: str
    end: str
    samples: int
    gaps: float
    unworn: float
    corrections: dict[str, Any]
    notes: list[str]


class ZonedOrigin(Origin, frozen=True):
    """A recording whose clock was set in ``zone``, with its start in UTC."""

    zone: str
    start_utc: str


class BoutWindows(BaseModel, frozen=True):
    """The ``windows`` of one bout of ``seconds``; the other fields are the seconds of it that are in none.

    ``trimmed`` are those at its ends, ``missing`` those in gaps of the recording, and ``rest`` those left over where a
    part was shorter than a window, or between windows.
    """

    recording: str
    line: str
    label: str
    subject: str
    start: str
    seconds: float
    windows: int
    trimmed: float
    unworn: float
    missing: float
    rest: float


class WindowsReport(BaseModel, frozen=True):
    """Content of `windows.json`: how the windows were cut, from what, and what is in none."""

    zoo: str
    cut: dict[str, float | bool | None]
    rate: float
    units: str | None
    channels: list[str]
    classes: list[str]
    windows: int
    length: int
    recordings: list[SerializeAsAny[Origin]]
    bouts: list[BoutWindows]
