"""The picture of the days shows every minute of a class in its lane, and can be read without colours."""

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from timelines import MIDNIGHT, filled, predicted, survey_of

from zoo.applied.picture import day_picture
from zoo.applied.summary import Timed
from zoo.applied.timeline import DAY


def pictured(survey, *parts, classes=("sit", "walk"), unsure=0.0):
    timed = Timed(SimpleNamespace(survey=survey, name="wrist.bin"), filled(survey, *parts, unsure=unsure))
    return day_picture(timed, classes, "day")


def bars(axis) -> dict[str, list[tuple[float, float]]]:
    """Start and end in hours of what is drawn in each lane."""
    names = [label.get_text() for label in axis.get_yticklabels()]
    found = {name: [] for name in names}
    for collection in axis.collections:
        for path in collection.get_paths():
            low, high = path.vertices.min(0), path.vertices.max(0)
            found[names[round(float(low[1] + high[1]) / 2)]].append((float(low[0]), float(high[0])))
    return {name: sorted(set(spans)) for name, spans in found.items()}


def test_every_day_has_a_row_with_its_minutes_in_lanes():
    survey = survey_of((0, 7200), (10800, 14400), start=MIDNIGHT + timedelta(hours=22, minutes=30))
    starts = np.concatenate([np.arange(0, 7200, 60), np.arange(10800, 14400, 60)])
    labels = np.concatenate([np.zeros(60), np.ones(120)]).astype(int)
    probability = np.where(starts < 13800, 0.9, 0.2)
    worn = (starts < 1200) | (starts >= 1800)
    picture = pictured(survey, predicted(starts, labels, worn, probability, movement=starts), unsure=0.5)
    figure = picture.figure
    assert [axis.get_title("left") for axis in figure.axes] == ["Sunday, 2021-03-28", "", "Monday, 2021-03-29", ""]
    first, second = figure.axes[1], figure.axes[3]
    assert [label.get_text() for label in first.get_yticklabels()] == ["sit", "walk", "unsure"]
    assert bars(first) == {
        "sit": [pytest.approx((22.5, 22.5 + 20 / 60)), pytest.approx((23.0, 23.5))],
        "walk": [pytest.approx((23.5, 24.0))],
        "unsure": [],
    }
    assert bars(second) == {
        "sit": [],
        "walk": [pytest.approx((0, 0.5)), pytest.approx((1.5, 1.5 + 50 / 60))],
        "unsure": [pytest.approx((1.5 + 50 / 60, 2.5))],
    }
    assert "2 days from 2021-03-28: minutes of sit, walk and unsure" in picture.alt


def test_no_two_of_many_classes_look_alike():
    classes = [f"class {number}" for number in range(36)]
    survey = survey_of((0, 36 * 60))
    figure = pictured(survey, predicted(np.arange(0, 2160, 10), np.repeat(np.arange(36), 6)), classes=classes).figure
    hatched = [collection for collection in figure.axes[0].collections if len(collection.get_facecolor())]
    looks = {(tuple(collection.get_facecolor()[0]), collection.get_hatch()) for collection in hatched}
    assert len(looks) == 36


def test_a_clock_that_leaps_by_years_draws_only_days_with_samples():
    survey = survey_of((0, 600), (3000 * DAY, 3000 * DAY + 600))
    assert len(pictured(survey).figure.axes) == 2
    many = survey_of(*((day * DAY, day * DAY + 60) for day in range(40)))
    last = pictured(many).figure.axes[-1]
    assert last.get_xlabel() == "hour of the day; 12 more days are not drawn"


def test_a_name_with_markup_is_drawn_as_it_is():
    survey = survey_of((0, 600))
    drawn = pictured(survey, predicted(np.arange(0, 600, 10), [0] * 60), classes=["$x$ <b>&"]).drawn("svg").decode()
    assert "$x$ &lt;b&gt;&amp;" in drawn
