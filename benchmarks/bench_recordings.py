"""Speed of reading recordings, against actfast and scikit-digital-health where they are installed."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import torch
from devices import Measure
from peers import ACTFAST, DIGITAL_HEALTH, library_recording
from zoo_registry import Registry

from zoo.recordings.opening import open_recording

READERS = Registry.discover().recording_readers()
PAGES, SAMPLES = 4000, 300
"""Pages of 3 s: 3.3 hours, 15 MB."""
HEADER = """Device Identity
Device Unique Serial Code:000001
Device Type:GENEActiv
Device Model:1.2
Device Firmware Version:Ver06.15
Calibration Date:2020-05-06 14:20:30:462

Device Capabilities
Accelerometer Range:-8 to 8
Accelerometer Resolution:0.0039
Accelerometer Units:g
Light Meter Range:0 to 5000
Light Meter Resolution:5
Light Meter Units:lux
Temperature Sensor Range:0 to 70
Temperature Sensor Resolution:0.1
Temperature Sensor Units:deg. C

Configuration Info
Measurement Frequency:100 Hz
Measurement Period:168 Hours
Start Time:2021-03-01 00:00:00:000
Time Zone:GMT +00:00

Trial Info
Study Centre:
Study Code:
Investigator ID:
Exercise Type:
Config Operator ID:
Config Time:2021-03-01 00:00:00:000
Config Notes:
Extract Operator ID:
Extract Time:2021-03-08 00:00:00:000
Extract Notes:

Subject Info
Device Location Code:left wrist
Subject Code:P01
Date of Birth:1990-1-1
Sex:
Height:
Weight:
Handedness Code:right
Subject Notes:

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
Number of Pages:{pages}

"""
PAGE = """Recorded Data
Device Unique Serial Code:000001
Sequence Number:{number}
Page Time:{time:%Y-%m-%d %H:%M:%S}:000
Unassigned:
Temperature:25.8
Battery voltage:4.1194
Device Status:Recording
Measurement Frequency:100.0
{digits}
"""


def write(path: Path) -> None:
    """A recording of noise."""
    draw, start = random.Random(0), datetime(2021, 3, 1)
    with path.open("w", newline="\r\n") as file:
        file.write(HEADER.format(pages=PAGES))
        for number in range(PAGES):
            digits = f"{draw.getrandbits(48 * SAMPLES):0{12 * SAMPLES}X}"
            file.write(PAGE.format(number=number, time=start + timedelta(seconds=3 * number), digits=digits))


def samples(path: Path) -> int:
    """Read all samples of a recording, block by block, and count them."""
    return sum(len(block.time) for block in open_recording(path, READERS).recording.blocks())


@pytest.mark.parametrize("who", ["zoo", ACTFAST, DIGITAL_HEALTH])
def test_geneactiv(measure: Measure, device: torch.device, tmp_path: Path, who: str) -> None:
    """All samples of a .bin with light and temperature; the libraries hold them all in memory."""
    if device.type != "cpu":
        pytest.skip("recordings are read on a CPU")
    write(path := tmp_path / "some.bin")
    work, size = samples if who == "zoo" else library_recording(who), path.stat().st_size
    assert measure("GENEActiv .bin of 15 MB", who, lambda: work(path), bytes=size) == PAGES * SAMPLES
