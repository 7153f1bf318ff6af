"""The card of a data set against numpy, scipy and scikit-learn; `zoo data` with several data sets."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import periodogram
from scipy.stats import entropy
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestCentroid
from toy_sets import Write, waves
from zoo_registry import Registry

from zoo.cli.main import main
from zoo.data.card import draw_card
from zoo.data.difficulty import WAVEFORMS, find_waveforms, spectral_entropy, zero_crossings
from zoo.weights.statistics import read_statistics

NAMED = {"subject": "subject", "group": "trial"}


def card_of(folder, **source):
    missing = source.pop("missing", "refuse")
    data = {"source": {"kind": "data.npy", "path": str(folder), "layout": "c t", **source}, "missing": missing}
    return draw_card(Registry.discover().data(data))


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 40), st.integers(0, 2**31))
def test_spectral_entropy_equals_that_of_scipy(length, seed):
    series = np.random.default_rng(seed).normal(size=(3, 2, length))
    series -= series.mean(-1, keepdims=True)
    power = periodogram(series, detrend=False)[1][..., 1:]
    np.testing.assert_allclose(spectral_entropy(series), entropy(power, axis=-1) / np.log(power.shape[-1]))


def test_a_sine_has_no_entropy_and_noise_almost_the_maximum():
    sine = np.sin(2 * np.pi * 5 * np.arange(100) / 100)
    noise = np.random.default_rng(0).normal(size=(200, 100))
    assert spectral_entropy(sine) == pytest.approx(0, abs=1e-6)
    assert 0.85 < spectral_entropy(noise - noise.mean(-1, keepdims=True)).mean() <= 1
    assert np.isnan(spectral_entropy(np.zeros(10)))


@given(st.integers(2, 30), st.integers(0, 2**31))
def test_crossings_equal_counting_one_by_one(length, seed):
    rng = np.random.default_rng(seed)
    series, seen = rng.integers(-2, 3, (2, length)).astype(float), rng.random((2, length)) > 0.3
    crossings = pairs = 0
    for row, known in zip(series, seen, strict=True):
        for i in range(length - 1):
            pairs += int(known[i] and known[i + 1])
            crossings += int(known[i] and known[i + 1] and (row[i] < 0) != (row[i + 1] < 0))
    assert zero_crossings(series, seen) == (crossings, pairs)


def test_a_card_counts_windows_and_samples(write_npy: Write):
    card, data = card_of(write_npy(), **NAMED)
    train = data.train.read(slice(None)).x.astype(np.float64)
    assert sum(card.windows.values()) == 36
    assert card.windows["test"] == 12
    for split in (data.train, data.validation, data.test):
        assert [row.windows[split.name] for row in card.classes] == np.bincount(split.y, minlength=3).tolist()
        assert card.subjects[split.name] == len(set(split.subject))
    assert card.shared_subjects == ["ann", "bob"]
    assert (len(card.channels), card.length, card.missing) == (3, 20, 0)
    for c, channel in enumerate(card.channels):
        values = train[:, c]
        found = (channel.mean, channel.std, channel.min, channel.max)
        assert found == pytest.approx((values.mean(), values.std(), values.min(), values.max()))
    assert card.fingerprint == data.fingerprint
    assert card.majority == max(row.windows["test"] for row in card.classes)


def test_difficulty_equals_that_of_scikit_learn(write_npy: Write):
    rng = np.random.default_rng(1)
    noisy = {name: waves(n, 3, 20, seed=n) + rng.normal(size=(n, 3, 20)) for name, n in (("train", 24), ("test", 12))}
    card, data = card_of(write_npy(X_train=noisy["train"], X_test=noisy["test"]))
    train, validation, test = (s.read(slice(None)).x.astype(float) for s in (data.train, data.validation, data.test))

    def series(x):
        return ((x - x.mean(-1, keepdims=True)) / data.std[:, None]).reshape(-1, 20)

    pca, others = PCA(WAVEFORMS).fit(series(train)), series(np.concatenate([validation, test]))
    left = ((others - pca.inverse_transform(pca.transform(others))) ** 2).sum() / (others**2).sum()
    assert card.difficulty.low_rank_error == pytest.approx(left, rel=1e-6)
    assert card.difficulty.waveforms == WAVEFORMS

    def flat(x):
        return ((x - data.mean[:, None]) / data.std[:, None]).reshape(len(x), -1)

    nearest = NearestCentroid().fit(flat(train), data.train.y)
    assert card.difficulty.centroid_correct == (nearest.predict(flat(test)) == data.test.y).sum()
    assert card.difficulty.centroid_total == 12


def test_series_made_of_few_waveforms_have_no_low_rank_error(write_npy: Write):
    card, _ = card_of(write_npy())  # sines of one frequency: two waveforms
    assert card.difficulty.low_rank_error == pytest.approx(0, abs=1e-6)
    assert len(find_waveforms(np.random.default_rng(0).normal(size=(3, 20))).basis) == 3


def test_missing_samples_change_only_their_share(write_npy: Write):
    x = waves(24, 3, 20, seed=24)
    hidden = x.copy()
    hidden[:, 1, 15:] = np.nan
    card, data = card_of(write_npy(X_train=hidden), missing="mask")
    assert card.missing == pytest.approx(24 * 5 / (36 * 3 * 20))
    seen = data.train.read(slice(None))
    assert card.channels[1].max == pytest.approx(seen.x[:, 1, :15].max())
    assert card.channels[1].mean == pytest.approx(seen.x[:, 1, :15].mean(dtype=np.float64))


def test_a_constant_channel_is_reported_and_does_no_harm(write_npy: Write, tmp_path, capsys):
    x = waves(24, 3, 20, seed=24)
    x[:, 2] = 9.81
    folder = write_npy(X_train=x)
    spec = tmp_path / "data.json"
    spec.write_text(json.dumps({"source": {"kind": "data.npy", "path": str(folder), "layout": "c t"}}))
    assert main(["data", str(spec), "--stats", str(tmp_path / "norm.npz")]) == 0
    assert "does not vary in training: channel 2" in capsys.readouterr().out
    mean, std = read_statistics(tmp_path / "norm.npz", 3)
    assert std[2] == 1
    assert mean[2] == pytest.approx(9.81)


def test_data_sets_are_shown_side_by_side(write_npy: Write, tmp_path, monkeypatch, capsys):
    spec = tmp_path / "data.json"
    folder = write_npy()
    spec.write_text(json.dumps({"source": {"kind": "data.npy", "path": str(folder), "layout": "c t", **NAMED}}))
    sources = [str(spec), "aeon:italy_power_demand", "aeon:gunpoint", str(spec)]
    assert main(["data", *sources, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [card["name"] for card in found][1:3] == ["italy_power_demand", "gunpoint"]
    for columns, tables in (("200", 1), ("70", 3), ("20", 4)):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["data", *sources]) == 0
        out = capsys.readouterr().out
        assert out.count("training windows") == tables
        assert out.count("fingerprint") == tables
        for card in found:
            assert out.count(card["fingerprint"][:10]) == sum(card["fingerprint"] == c["fingerprint"] for c in found)


def test_one_card_shows_classes_and_channels(write_npy: Write, tmp_path, capsys):
    spec = tmp_path / "data.json"
    spec.write_text(json.dumps({"source": {"kind": "data.npy", "path": str(write_npy()), "layout": "c t", **NAMED}}))
    assert main(["data", str(spec), "--set", "data.split.validation=0.5"]) == 0
    out = capsys.readouterr().out
    for text in ("Classes", "channel 2", "new people: ann, bob", "zero crossings"):
        assert text in out
    assert main(["data", str(spec), str(spec), "--stats", str(tmp_path / "x.npz")]) == 2
    assert main(["data", str(spec), "--stats", str(tmp_path / "x.npy")]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_the_uea_sets_have_cards(shared):
    registry = Registry.discover()
    cards = [
        draw_card(registry.data({"source": {"kind": "data.ts", "path": str(path)}}))[0]
        for path in sorted((shared / "uea").iterdir())
    ]
    assert [card.name for card in cards] == ["AtrialFibrillation", "ERing", "Epilepsy", "Libras"]
    for card in cards:
        assert 0 < card.difficulty.spectral_entropy < 1
        assert 0 < card.difficulty.low_rank_error < 1.5
        assert card.difficulty.centroid_total == card.windows["test"]
