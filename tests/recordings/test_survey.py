"""Dates of samples are within the years of a calendar, in every time zone."""

from datetime import datetime

import numpy as np
import pytest
from made import START, MadeRecording
from zoo_registry import DataError

from zoo.recordings.survey import survey
from zoo.recordings.zone import zone_named

TIME = np.arange(20) / 10
LEAP = np.concatenate([TIME, TIME + 3e11])
"""A clock that leaps by 9,500 years."""


@pytest.mark.parametrize(
    ("start", "time"),
    [(datetime.min, TIME), (datetime(9999, 12, 31, 23, 59, 59), TIME), (START, LEAP), (START, np.append(TIME, 1e300))],
    ids=["first", "last", "leap", "number"],
)
def test_dates_beyond_a_calendar_are_refused(start, time):
    recording = MadeRecording(time, np.zeros((3, len(time))), start=start)
    with pytest.raises(DataError, match=r"made\.bin: expected samples in the years 1 to 9999, found .* s from .* on"):
        survey(recording)


@pytest.mark.parametrize("zone", ["Etc/GMT-14", "Etc/GMT+12"])
@pytest.mark.parametrize("start", [datetime(1, 1, 4), datetime(9999, 12, 28, 23, 59)])
def test_all_other_dates_exist_in_every_zone(start, zone):
    found = survey(MadeRecording(TIME, np.zeros((3, 20)), start=start), zone=zone_named(zone))
    assert found.zoned.shown(found.utc(2)) == found.at(2)
