"""Timelines of windows with given classes."""

from datetime import datetime

import numpy as np
from zoo_registry import About

from zoo.applied.predict import Predicted
from zoo.applied.timeline import Timeline
from zoo.recordings.survey import Stretch, Survey

MIDNIGHT = datetime(2021, 3, 28)


def survey_of(*stretches: tuple[float, float], start: datetime = MIDNIGHT) -> Survey:
    about = About(start, 10.0, ("x", "y", "z"), "g")
    return Survey(about, tuple(Stretch(first, last, round(10 * (last - first))) for first, last in stretches), ())


def predicted(starts, labels, worn=None, probability=0.9, movement=None) -> Predicted:
    count = len(starts)
    worn = np.ones(count, bool) if worn is None else np.array(worn)
    labels = np.where(worn, labels, -1)
    chance = np.where(worn, probability, np.nan)
    moved = None if movement is None else np.array(movement, float)
    return Predicted(np.array(starts, float), worn, labels, chance, chance * 0, moved, None, None, {})


def filled(survey: Survey, *parts: Predicted, each: float = 10.0, unsure: float = 0.0) -> Timeline:
    found = Timeline(survey, each, unsure)
    for part in parts:
        found.add(part)
    found.finish()
    return found
