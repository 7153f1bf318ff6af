"""A model that was trained on smoothed windows of a recording reads recordings smoothed in the same way."""

import numpy as np
import pytest
import torch
from laid import MODELS, RATE, SECONDS
from made import MadeRecording
from zoo_registry import Registry

import zoo
from zoo.evaluation.loaded_run import open_run
from zoo.recordings.bouts import Bout
from zoo.recordings.folder import write_windows
from zoo.recordings.sources import read_source
from zoo.recordings.windows import Cut
from zoo.runs.folder import RunFolder
from zoo.teachers.model_logits import model_logits
from zoo.training.fit import train

SMOOTH = 0.5


@pytest.mark.parametrize("recorded", [RATE, 2.5 * RATE], ids=["as recorded", "resampled"])
def test_windows_of_a_recording_get_the_predictions_of_the_data_set(record, tmp_path, recorded):
    samples = round(60 * SECONDS * recorded)
    noise = np.random.default_rng(0).normal(size=(2, samples)) * np.linspace(0.2, 2, samples)
    half = 30 * SECONDS
    time = np.arange(samples) / recorded
    gapped = time + np.where(time < half, 0, SECONDS)  # the mean of a bout does not reach into the other
    (path,) = record(one=MadeRecording(gapped, noise, rate=recorded))
    source = read_source(path, Registry.discover().recording_readers())
    starts = {"low": 0, "high": half + SECONDS}
    bouts = [Bout(path.name, start, start + half, name, None, f"{name} 1") for name, start in starts.items()]
    write_windows([source], bouts, Cut(SECONDS, SECONDS, RATE, SMOOTH), tmp_path / "windows")
    data = {
        "source": {"kind": "data.npy", "path": str(tmp_path / "windows"), "layout": "c t", "test": None},
        "split": {"test": 0.25, "by": "class"},
    }
    spec = {"model": MODELS["signal"], "data": data, "training": {"epochs": 1, "batch": 6}}
    train(Registry.discover().run(spec), tmp_path / "run", quiet=True)

    assert zoo.load(tmp_path / "run").spec.input.smooth == SMOOTH
    opened = open_run(RunFolder(tmp_path / "run"))
    chances = torch.from_numpy(model_logits(opened.model, opened.data.test, batch=5)).double().softmax(1)
    found = list(zoo.apply(tmp_path / "run", path, resample=recorded != RATE))
    tested = [found[row] for row in opened.data.test.rows]
    assert len(found) == 60
    assert [window.probability for window in tested] == pytest.approx(chances.amax(1).tolist(), abs=1e-5)
    assert [window.label for window in tested] == [f"{opened.classes[label]}" for label in chances.argmax(1)]
