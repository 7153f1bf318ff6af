"""A recording gets the predictions that its windows get as a data set; none lies in a gap."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import torch
from laid import MODELS, RATE, SECONDS, Repeated, laid
from made import START, MadeRecording
from zoo_registry import Registry, ZooNote

import zoo
from zoo.applied.predict import predictions
from zoo.applied.trained import Trained
from zoo.evaluation.loaded_run import open_run
from zoo.recordings.sources import read_source
from zoo.recordings.windows import Cut
from zoo.runs.folder import RunFolder
from zoo.teachers.model_logits import model_logits


@pytest.mark.parametrize("name", ["signal", "recon", "tokens"])
def test_windows_laid_end_to_end_get_the_predictions_of_the_data_set(home, x, record, name):
    opened = open_run(RunFolder(home / name))
    chances = torch.from_numpy(model_logits(opened.model, opened.data.test, batch=5)).double().softmax(1)
    found = list(zoo.apply(home / name, *record(one=laid(x))))
    assert [window.label for window in found] == [opened.classes[label] for label in chances.argmax(1)]
    assert [window.probability for window in found] == pytest.approx(chances.amax(1).tolist(), abs=1e-5)
    entropy = -(chances * chances.log()).sum(1)
    assert [window.entropy for window in found] == pytest.approx(entropy.tolist(), abs=1e-5)
    starts = [START + timedelta(seconds=SECONDS * number) for number in range(len(x))]
    assert [window.start for window in found] == starts
    assert [window.end for window in found] == [start + timedelta(seconds=SECONDS) for start in starts]


@pytest.mark.parametrize("name", ["tokens", "codes"])
def test_the_codes_are_those_of_the_model(home, x, record, name):
    found = list(zoo.apply(home / name, *record(one=laid(x))))
    expected = zoo.load(home / name).code(torch.from_numpy(x)).quantized.codes
    assert np.array_equal(np.stack([window.codes for window in found]), expected.numpy())
    assert all((window.label is None) == (name == "codes") for window in found)


def test_no_window_lies_in_a_gap(home, x, record):
    """Each part between gaps is cut from its first sample on; one that is shorter than a window gets none."""
    whole = laid(x)
    keep = np.ones(len(whole.time), bool)
    keep[50:55] = keep[57:100] = keep[230:231] = False
    made = MadeRecording(whole.time[keep], whole.x[:, keep], rate=RATE)
    found = list(zoo.apply(home / "signal", *record(one=made)))
    starts = [round((window.start - START).total_seconds() * RATE) for window in found]
    assert starts == [0, *range(100, 190, 40), *range(231, 441, 40)]
    assert all(keep[start : start + 40].all() for start in starts)
    alone = list(zoo.apply(home / "signal", *record(one=laid(whole.x[None, :, 231:471]))))
    assert [window.label for window in found[-6:]] == [window.label for window in alone]


def test_unworn_windows_have_no_class_and_the_others_are_unchanged(home, x, record):
    (path,) = record(one=laid(x))
    source = read_source(path, Registry.discover().recording_readers())
    unworn = source.wear._replace(unworn=((SECONDS, 2 * SECONDS), (5.5 * SECONDS, 7.1 * SECONDS)))
    how, trained = Cut(SECONDS, SECONDS), Trained.open(str(home / "tokens"))
    (some,), (every,) = (
        list(predictions(trained.model, each, how, trained.known)) for each in (replace(source, wear=unworn), source)
    )
    off = [1, 5, 6, 7]
    assert np.flatnonzero(~some.worn).tolist() == off
    assert (some.label[off] == -1).all()
    assert np.isnan(some.probability[off]).all()
    assert np.array_equal(np.delete(some.label, off), np.delete(every.label, off))
    assert np.array_equal(some.tokens["codes"], np.delete(every.tokens["codes"], off, 0))


def test_overlapping_windows_start_at_every_step(home, x, record):
    made = laid(x)
    found = list(zoo.apply(home / "signal", *record(one=made), step=1.5))
    firsts = range(0, 480 - 40 + 1, 15)
    assert [window.start for window in found] == [START + timedelta(seconds=first / RATE) for first in firsts]
    windows = torch.from_numpy(np.stack([made.x[:, first : first + 40] for first in firsts])).float()
    logits = zoo.load(home / "signal")(windows).logits
    assert [window.probability for window in found] == pytest.approx(logits.softmax(1).amax(1).tolist(), abs=1e-5)


def test_movement_and_angle_are_means_over_each_window(record, tmp_path):
    """An arm that is held at another angle in each window, under more than gravity."""
    given = {"channels": 3, "length": 40, "rate": RATE, "units": "g"}
    zoo.save(zoo.build({"input": given, **MODELS["codes"]}), tmp_path / "bundle")
    raised = np.radians([-90, -40, 0, 30, 75])
    arm = np.stack([np.cos(raised), 0 * raised, np.sin(raised)], 1)[..., None]
    wave = 1 + 0.2 * np.sin(np.arange(40))
    with pytest.warns(ZooNote, match="does not say which axes it reads"):
        found = list(zoo.apply(tmp_path / "bundle", *record(one=laid(arm * wave))))
    assert [window.angle_z for window in found] == pytest.approx(np.degrees(raised).tolist())
    assert [window.enmo for window in found] == pytest.approx([1000 * np.maximum(wave - 1, 0).mean()] * 5)


def test_windows_below_the_probability_are_unsure(home, x, record):
    (path,) = record(one=laid(x))
    least = float(np.median([window.probability for window in zoo.apply(home / "signal", path)]))
    for window in zoo.apply(home / "signal", path, unsure=least):
        assert window.unsure == (window.probability < least)
        assert window.label is not None


def test_a_recording_of_another_rate_is_resampled(home, x, record):
    """The tones keep their frequency in Hz, so the windows stay what they are."""
    time = np.arange(960) / (2 * RATE)
    samples = np.stack([np.interp(time, np.arange(480) / RATE, axis) for axis in np.concatenate(list(x), axis=1)])
    fine = MadeRecording(time, samples, rate=2 * RATE)
    found = list(zoo.apply(home / "signal", *record(one=fine), resample=True))
    plain = list(zoo.apply(home / "signal", *record(one=laid(x))))
    assert len(found) == len(plain) == 12
    assert [window.start for window in found] == [window.start for window in plain]
    assert np.mean([a.label == b.label for a, b in zip(found, plain, strict=True)]) > 0.8


def test_a_recording_without_a_whole_window_has_no_predictions(home, x, record):
    assert list(zoo.apply(home / "signal", *record(one=laid(x[:1, :, :39])))) == []


def test_memory_does_not_grow_with_the_length(home, x, record, monkeypatch):
    """After the survey, windows come while the recording is read."""
    monkeypatch.setattr("zoo.recordings.windows._HELD", 4000)
    peaks = []
    for times in (20, 80):
        made = Repeated(x, times)
        predicted = zoo.apply(home / "signal", *record(one=made))
        surveyed = made.read
        tracemalloc.start()
        assert next(predicted).start == START
        assert made.read < 1.5 * surveyed
        assert sum(1 for _ in predicted) == 12 * times - 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
