"""Small files as a GENEActiv writes them, whole and damaged, and what their digits say by plain arithmetic."""

import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from zoo_geneactiv import zoo_recordings
from zoo_registry import FIRST_BYTES, Block, RecordingReader

START = datetime(2021, 3, 28, 0, 59, 51)
SAMPLES = 300

HEADER = """Device Identity
Device Unique Serial Code:071234
Device Type:GENEActiv
Device Model:1.2
Device Firmware Version:Ver06.15
Calibration Date:2020-05-06 14:20:30:462

Device Capabilities
Accelerometer Range:-8 to 8
Accelerometer Units:g

Configuration Info
Measurement Frequency:100 Hz
Start Time:2021-03-28 00:59:51:000
Time Zone:GMT +01:00

Trial Info
Study Centre:Somewhere
Config Notes:
Extract Operator ID:
Extract Notes:

Subject Info
Device Location Code:left wrist
Subject Code:P07
Subject Notes:Worn on the wrist

Calibration Data
x gain:25344
x offset:1104
y gain:25870
y offset:454
z gain:25470
z offset:-1433
Volts:300
Lux:800

Memory Status
Number of Pages:4

"""


SHARED = Path(__file__).parents[1] / ".." / "shared"
GOLDEN = SHARED / "golden" / "geneactiv"


class Sample(NamedTuple):
    """A sample in raw numbers."""

    x: int
    y: int
    z: int
    light: int
    button: int


def written(time: datetime) -> str:
    """A time as the device writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S:") + f"{time.microsecond // 1000:03d}"


def digits(page: int, samples: int = SAMPLES) -> str:
    """Random digits of a page; the first samples are the extremes."""
    draw = random.Random(page)
    words = [0x7FF800000000, 0x800FFF7FFFFF, *(draw.getrandbits(48) for _ in range(samples - 2))]
    return "".join(f"{word & ~1:012X}" for word in words[:samples])


def page(number: int, time: datetime, data: str | None = None, rate: str = "100.0") -> str:
    """A page; its temperature and voltage follow from its number."""
    return f"""Recorded Data
Device Unique Serial Code:071234
Sequence Number:{number}
Page Time:{written(time)}
Unassigned:
Temperature:{25 + number / 10:.1f}
Battery voltage:{4.1 - number / 1000:.4f}
Device Status:Recording
Measurement Frequency:{rate}
{digits(number) if data is None else data}
"""


def pages_at(*seconds: float, rate: str = "100.0") -> list[str]:
    """Pages that start these seconds after the first."""
    return [page(number, START + timedelta(seconds=at), rate=rate) for number, at in enumerate(seconds)]


def recording(*pages: str, header: str = HEADER) -> bytes:
    """A file of these pages, by default four whole ones."""
    return (header + "".join(pages or pages_at(0, 3, 6, 9))).replace("\n", "\r\n").encode("latin-1")


def changed(before: str, after: str, count: int = -1) -> bytes:
    """A whole file in which ``before`` is replaced."""
    text = recording().decode("latin-1")
    assert before in text
    return text.replace(before, after, count).encode("latin-1")


def samples_of(line: str) -> list[Sample]:
    """The samples in a line of digits, bit by bit."""

    def signed(value: int) -> int:
        return value - 4096 if value >= 2048 else value

    words = [int(line[at : at + 12], 16) for at in range(0, len(line) // 12 * 12, 12)]
    return [
        Sample(*(signed(word >> shift & 0xFFF) for shift in (36, 24, 12)), word >> 2 & 0x3FF, word >> 1 & 1)
        for word in words
    ]


def calibration(data: bytes) -> dict[str, float]:
    """Gains, offsets, Volts and Lux of a file."""
    head = data.decode("latin-1").partition("Memory Status")[0].rpartition("Calibration Data")[2]
    return {name: float(value.replace(",", ".")) for name, value in re.findall(r"([\w ]+):([-+.,\d]+)", head)}


def in_units(sample: Sample, known: dict[str, float]) -> tuple[float, float, float, float, int]:
    """x, y and z in g, light in lux, and the button: the formulas of the manual."""
    x, y, z = ((100 * sample[i] - known[f"{axis} offset"]) / known[f"{axis} gain"] for i, axis in enumerate("xyz"))
    return x, y, z, sample.light * known["Lux"] / known["Volts"], sample.button


TABLE = """Device Type,GENEActiv
Device Model,1.2
Device Unique Serial Code,071234


Measurement Frequency,100 Hz
Start Time,2021-03-28 00:59:51:000
Time Zone,GMT +01:00

Subject Code,P07
Subject Notes,Worn, on the wrist

"""


def rows_of(count: int, step: float = 10.0) -> list[str]:
    """Rows of a table, ``step`` ms apart."""
    draw = random.Random(count)

    def row(number: int) -> str:
        axes = ",".join(f"{draw.uniform(-8, 8):.4f}" for _ in range(3))
        time = written(START + timedelta(milliseconds=round(number * step)))
        return f"{time},{axes},{draw.randrange(5000)},{draw.randrange(2)},{draw.uniform(20, 40):.1f}"

    return [row(number) for number in range(count)]


def table(rows: list[str], header: str = TABLE) -> bytes:
    """A table of these rows."""
    return (header + "".join(f"{row}\n" for row in rows)).replace("\n", "\r\n").encode()


class Read:
    """All blocks of a file, joined, as the reader that claims it gives them."""

    def __init__(self, path: Path) -> None:
        recording = claiming(path).open(path)
        blocks = list(recording.blocks())
        self.about = recording.about
        self.notes = [note for block in blocks for note in block.notes]
        self.time = np.concatenate([block.time for block in blocks])
        self.x = np.concatenate([block.x for block in blocks], axis=1)
        self.side = {name: np.concatenate([block.side[name] for block in blocks]) for name in self.about.side}
        self.stretches = lengths(blocks)


def lengths(blocks: list[Block]) -> list[int]:
    """Samples of each stretch."""
    found: list[int] = []
    for block in blocks:
        if not block.continues:
            found.append(0)
        found[-1] += len(block.time)
    return found


def read(folder: Path, data: bytes) -> Read:
    """Read a file of these bytes, written to ``folder``."""
    (folder / "some.bin").write_bytes(data)
    return Read(folder / "some.bin")


def claiming(path: Path) -> RecordingReader:
    """The reader that claims a file by its first bytes; the first, if there is none."""
    readers = zoo_recordings()
    with path.open("rb") as file:
        first = file.read(FIRST_BYTES)
    claims = [reader for reader in readers if reader.claims(first)]
    assert len(claims) < 2
    return (claims or readers)[0]


def mutated(data: bytes, seed: int) -> bytes:
    """``data`` with a few bytes changed, removed or added: in its header, in fields of pages, or in digits."""
    draw = random.Random(seed)
    first = data.index(b"Recorded Data")
    heads = re.finditer(rb"Recorded Data.*?Frequency:.*?\n", data, re.DOTALL)
    fields = [at for head in heads for at in range(*head.span())]
    place: Callable[[], int] = draw.choice(
        [lambda: draw.randrange(first), lambda: draw.choice(fields), lambda: draw.randrange(first, len(data))]
    )
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        at = min(place(), len(changed) - 1)
        value = draw.choice((draw.randrange(256), *b"0123456789ABCDEF:\r\n "))
        changed[at : at + draw.choice((0, 1, 1, 1))] = bytes([value]) * draw.choice((0, 1, 1, 1))
    return bytes(changed)
