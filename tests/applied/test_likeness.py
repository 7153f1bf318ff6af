"""A recording unlike the training data is noted with its shares by mean, deviation and spectrum; others are not."""

import json
import shutil

import numpy as np
import pytest
from laid import RATE, laid
from made import MadeRecording
from scipy.signal import butter, sosfiltfilt
from waves import write_waves
from zoo_data import NpySource
from zoo_registry import DataSpec

from zoo.data import prepare
from zoo.findings.facts import DataFacts
from zoo.findings.gather import write_data
from zoo.runs.folder import RunFolder


@pytest.fixture(scope="session")
def many(home, tmp_path_factory):
    """A run whose data are known by more windows than it was trained on, and other windows of them `(n c t)`."""
    folder = tmp_path_factory.mktemp("many")
    windows = write_waves(folder / "windows", train=600, test=120)
    for name in ("train", "test"):
        x = np.load(windows / f"X_{name}.npy")
        np.save(windows / f"X_{name}.npy", x * [[0.5], [2]] + [[3], [-1]])
    data = prepare(DataSpec(source=NpySource(path=str(windows), layout="c t")))
    shutil.copytree(home / "signal", folder / "run")
    write_data(DataFacts.of(data), str(RunFolder(folder / "run").read()["fingerprint"]), folder / "run")
    return folder / "run", np.load(windows / "X_test.npy")


def low_passed(x):
    return sosfiltfilt(butter(4, 2, fs=RATE, output="sos"), x, axis=-1)


def read_fast(x):
    return np.concatenate([x[1::2, :, ::2], x[::2, :, ::2]], axis=2)


@pytest.mark.parametrize(
    ("change", "measures"),
    [
        (lambda x: x, []),
        (lambda x: 9.81 * x, ["mean", "deviation"]),
        (lambda x: x[:, ::-1], ["mean", "deviation"]),
        (lambda x: -x, ["mean"]),
        (low_passed, ["spectrum"]),
        (read_fast, ["spectrum"]),
    ],
    ids=["unchanged", "another unit", "axes exchanged", "upside down", "filtered", "another rate"],
)
def test_what_differs_is_noted_with_its_share(many, record, zoo, tmp_path, change, measures):
    run, x = many
    status, out, err = zoo("apply", run, *record(one=laid(change(x))), "--out", tmp_path / "out", "--json")
    assert status == 0, err
    (found,) = json.loads(out)["recordings"]
    unlike = found["unlike"]
    noted = [name for name in ("mean", "deviation", "spectrum") if unlike[name] > 0.02]
    assert noted == measures
    for name in measures:
        assert f"{100 * unlike[name]:.3g} % by {name}" in err
    assert err.count("\n") == bool(measures)
    assert max(unlike[name] for name in ("mean", "deviation", "spectrum")) <= found["outside"]
    if "spectrum" in measures:
        low, high = unlike["band"]
        assert 0 <= low < high <= RATE / 2
        assert f"(most from {low:.3g} to {high:.3g} Hz); another rate, filter or device?" in err


def test_shares_are_those_of_worn_windows(many, record, zoo, tmp_path):
    run, x = many
    changed = laid(np.concatenate([x[:90], 9.81 * x[90:]]))
    _, out, _ = zoo("apply", run, *record(one=changed), "--out", tmp_path / "out", "--json")
    (found,) = json.loads(out)["recordings"]
    assert found["unlike"]["mean"] == pytest.approx(0.25, abs=0.01)


def test_a_difference_that_validation_windows_have_too_is_not_noted(many, record, zoo, tmp_path):
    run, x = many
    shutil.copytree(run, tmp_path / "run")
    stored = json.loads((run / "data.json").read_text())
    stored["beyond"]["spectrum"] = 0.3
    (tmp_path / "run" / "data.json").write_text(json.dumps(stored))
    half = np.concatenate([x[:60], low_passed(x[60:])])
    _, out, err = zoo("apply", tmp_path / "run", *record(one=laid(half)), "--out", tmp_path / "out", "--json")
    assert json.loads(out)["recordings"][0]["unlike"]["spectrum"] > 0.3
    assert err == ""


def test_ranges_that_were_edited_are_refused(many, record, zoo, tmp_path):
    run, x = many
    shutil.copytree(run, tmp_path / "run")
    stored = json.loads((run / "data.json").read_text())
    del stored["ranges"]["spectrum"][0][0]
    (tmp_path / "run" / "data.json").write_text(json.dumps(stored))
    status, _, err = zoo("apply", tmp_path / "run", *record(one=laid(x)), "--out", tmp_path / "out")
    assert (status, err.count("\n")) == (2, 1)
    assert "data.json: expected what this version writes, found an invalid ranges" in err


def test_a_run_of_an_earlier_version_is_compared_by_mean_and_deviation(many, record, zoo, tmp_path):
    run, x = many
    shutil.copytree(run, tmp_path / "run")
    stored = json.loads((run / "data.json").read_text())
    del stored["ranges"], stored["beyond"]
    (tmp_path / "run" / "data.json").write_text(json.dumps(stored))
    for made, outside in ((laid(low_passed(x)), 0), (MadeRecording(laid(x).time, laid(x).x + 40, rate=RATE), 1)):
        _, out, err = zoo("apply", tmp_path / "run", *record(one=made), "--out", tmp_path / "out", "--json")
        (found,) = json.loads(out)["recordings"]
        assert (found["outside"], found["unlike"]) == (outside, None)
        assert err.count("\n") == outside
