"""One prediction: a window with its time and its class."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import isnan
from typing import NamedTuple

from zoo.applied.predict import Array, Predicted
from zoo.applied.timeline import UNSURE, states_of
from zoo.recordings.segments import Values
from zoo.recordings.sources import Source


class Prediction(NamedTuple):
    """A window of a recording, from ``start`` to ``end`` by the device's clock.

    ``label`` is its most probable class, with its ``probability`` and the ``entropy`` of all classes in nats; None if
    the device was not ``worn`` or the model has no head. ``unsure``: the probability is below the threshold. ``enmo``
    is its mean movement in mg and ``angle_z`` its mean angle in degrees, None unless the axes are three in g.
    ``codes (c n q)`` are None without a codebook. ``start_utc`` and ``end_utc`` are in UTC, None if no zone was named.
    """

    recording: str
    start: datetime
    end: datetime
    label: str | None
    probability: float | None
    entropy: float | None
    worn: bool
    unsure: bool
    enmo: float | None
    angle_z: float | None
    codes: Array | None
    start_utc: datetime | None
    end_utc: datetime | None


def rows_of(
    found: Predicted, source: Source, length: float, classes: Sequence[str], unsure: float
) -> Iterator[Prediction]:
    """A prediction for each window of ``length`` seconds."""
    after = timedelta(milliseconds=round(1000 * length))
    states = states_of(found, unsure)
    codes = iter(found.tokens.get("codes", ()))
    for index, number in enumerate(found.label.tolist()):
        seconds, worn, known = float(found.starts[index]), bool(found.worn[index]), number >= 0
        start, utc = source.survey.at(seconds), source.survey.utc(seconds)
        yield Prediction(
            recording=source.name,
            start=start,
            end=start + after,
            label=classes[number] if known else None,
            probability=_known(found.probability, index),
            entropy=_known(found.entropy, index),
            worn=worn,
            unsure=bool(states[index] == UNSURE),
            enmo=None if found.movement is None else _known(found.movement, index),
            angle_z=None if found.angle is None else _known(found.angle, index),
            codes=next(codes, None) if worn else None,
            start_utc=utc,
            end_utc=None if utc is None else utc + after,
        )


def _known(values: Values, index: int) -> float | None:
    value = float(values[index])
    return None if isnan(value) else value
