"""Apply a trained model to a whole recording in Python."""

from collections.abc import Iterator
from itertools import chain
from os import PathLike, fspath
from pathlib import Path

from zoo_registry import Registry

from zoo.applied.options import Options, cut_for, model_in
from zoo.applied.predict import predictions
from zoo.applied.rows import Prediction, rows_of
from zoo.applied.trained import Trained
from zoo.recordings.opening import open_recording
from zoo.recordings.sources import read_source
from zoo.recordings.zone import zone_named


def apply(
    bundle: str | PathLike[str],
    recording: str | PathLike[str],
    step: float | None = None,
    rate: float | None = None,
    resample: bool = False,
    unsure: float = 0.0,
    calibrate: bool = True,
    zone: str | None = None,
) -> Iterator[Prediction]:
    """Predictions for every window of a recording, in the order of time; memory does not grow with its length.

    ``bundle`` is the folder of a bundle or a run, or the name or address of a model; ``recording`` is the file of a
    device. Windows are ``step`` seconds apart, by default their length; none lies over a gap, and unworn ones have no
    class. A model that does not say the ``rate`` in Hz of its windows needs it here. Recordings of another rate are
    refused unless ``resample`` is set. Windows with a probability below ``unsure`` are marked. With ``calibrate`` the
    scale of the axes is corrected where that helps. Where the device's clock was set in the time zone ``zone``, such as
    Europe/Berlin, windows have times in UTC too. Raises ZooError before the first window for a model or a recording
    that does not fit, or is damaged.
    """
    set_in = None if zone is None else zone_named(zone)
    options, registry = Options(step, rate, resample, unsure), Registry.discover()
    readers, given, path = registry.recording_readers(), fspath(bundle), Path(recording)
    model = model_in(given, registry)
    how = cut_for(model, given, open_recording(path, readers).recording.about, str(path), options)
    source, trained = read_source(path, readers, calibrate, set_in), Trained.open(given)
    parts = predictions(trained.model, source, how, trained.known)
    return chain.from_iterable(rows_of(part, source, how.length, trained.classes, unsure) for part in parts)
