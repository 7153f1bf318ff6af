"""Models that come with the zoo are as good as their cards say, and frozen codebooks read data they have never seen."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from zoo_models import zoo_models
from zoo_registry import ModelCard, OfferedModel, Registry

import zoo
from zoo.data.prepare import prepare
from zoo.testing import check_model_card

MODELS = Path(__file__).parents[2] / "examples/models"
CARDS = {card.name: card for card in zoo_models()}


def spec(name):
    return json.loads((MODELS / f"{name}.json").read_text())


def data_of(name):
    """The data on whose test split the number on a card was measured."""
    data = spec(name)["data"]
    return "aeon:basic_motions" if data["source"]["kind"] == "data.npy" else data


@pytest.mark.parametrize("name", CARDS)
def test_a_model_is_as_good_as_its_card_says(name):
    check_model_card(CARDS[name], data_of(name))


@pytest.mark.parametrize("name", CARDS)
def test_a_model_has_the_components_of_the_spec_that_trains_it(name):
    given, model = spec(name)["model"], zoo.load(name).spec
    assert {role: part["kind"] for role, part in given.items() if isinstance(part, dict)} == {
        role: part.kind for role, part in model.components()
    }


@pytest.mark.parametrize("name", [name for name in CARDS if spec(name)["data"]["source"]["kind"] == "data.aeon"])
def test_a_card_has_the_fingerprint_of_its_training_data(name):
    registry = Registry.discover()
    assert prepare(registry.data(spec(name)["data"])).fingerprint == CARDS[name].trained_on.fingerprint


def test_all_models_together_are_small():
    assert sum(model.size for name, model in zoo.models().items() if name in CARDS) < 4e6


def offer(monkeypatch, name, **changes):
    """The card of ``name`` with ``changes`` of its headline, offered instead of the real one."""
    card = CARDS[name].model_dump()
    changed = ModelCard(**card | {"headline": card["headline"] | changes})
    monkeypatch.setattr(Registry, "models", lambda _: {name: OfferedModel(changed, "models", "shapezoo")})
    return changed


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("gunpoint-signal", {"count": 148}, "its count is 148, 149 was found"),
        ("gunpoint-signal", {"total": 151}, "its total is 151, of 150 windows"),
        ("gunpoint-signal", {"value": 0.994}, r"accuracy is 0.9933\d+, not 0.994"),
        ("gunpoint-signal", {"count": 151}, "151 of 150"),
        ("gunpoint-signal", {"total": None}, "counts 149, but does not say of how many"),
        ("gunpoint-signal", {"metric": "F1"}, r"F1 cannot be measured here, accuracy and R² can"),
        ("gunpoint-signal", {"metric": "R²"}, "R², but no decoder"),
        ("shapes-small", {"value": 0.86}, r"R² is 0.865\d+, not 0.86"),
        ("shapes-small", {"metric": "accuracy"}, "an accuracy, but no head"),
    ],
)
def test_a_card_that_is_wrong_is_refused(monkeypatch, name, changes, reason):
    with pytest.raises(AssertionError, match=f"^{name}: {reason}"):
        check_model_card(offer(monkeypatch, name, **changes), data_of(name))


def test_a_number_is_measured_on_windows_that_the_model_reads():
    with pytest.raises(AssertionError, match=r"^motions-signal: channels is 6, in the data 1$"):
        check_model_card(CARDS["motions-signal"], "aeon:gunpoint")


def test_a_card_that_nobody_offers_is_refused():
    with pytest.raises(AssertionError, match=r"^acme-large: no installed plugin offers it$"):
        check_model_card(CARDS["motions-signal"].model_copy(update={"name": "acme-large"}))


def test_fewer_digits_on_a_card_are_enough(monkeypatch):
    check_model_card(offer(monkeypatch, "gunpoint-signal", value=0.993), data_of("gunpoint-signal"))


def test_the_plugin_offers_these_models():
    assert CARDS.keys() <= zoo.models().keys()
    assert zoo.models("tokenize").keys() >= {"shapes-small", "motions-shapes"}


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    """Data of three channels of 230 samples that no model has seen: waves of three frequencies."""
    folder = tmp_path_factory.mktemp("waves")
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    time = np.linspace(0, 1, 230)
    x = np.sin(2 * np.pi * (3 + 4 * y[:, None, None]) * (time + rng.random((60, 3, 1))))
    for split, rows in (("train", slice(0, 45)), ("test", slice(45, 60))):
        np.save(folder / f"X_{split}.npy", x[rows].astype(np.float32))
        np.save(folder / f"y_{split}.npy", y[rows])
    return {"kind": "data.npy", "path": str(folder), "layout": "c t"}


READ = {"epochs": 1, "phases": [{"learn": ["head"], "fit": "closed"}]}


def test_the_codebook_is_a_start_for_windows_of_other_channels_and_lengths(waves, tmp_path):
    """Windows are brought to 100 samples; only a linear reader is fitted."""
    model = spec("shapes-small")["model"] | {"head": {"kind": "heads.token-linear"}}
    data = {"source": waves, "length": {"to": 100}}
    run = {"model": model, "data": data, "transfer": [{"source": "shapes-small"}], "training": READ}
    report = zoo.train(run, tmp_path / "run", quiet=True).evaluate()
    assert report.head.correct >= 12  # of 15
    assert report.reconstruction[-1].r2 > 0.8


def test_the_bag_counts_its_shapes_in_windows_of_other_channels_and_lengths(waves, tmp_path):
    """Its codebooks stay as they are. All else is learned there, and the transfer says so."""
    transfer = {"source": "bag-small", "only": ["head.bag.codes"]}
    run = {"model": spec("bag-small")["model"], "data": {"source": waves}, "transfer": [transfer], "training": READ}
    done = zoo.train(run, tmp_path / "run", quiet=True)
    assert done.evaluate().head.correct >= 12  # of 15
    codes = zoo.load("bag-small").head.bag.codes.state_dict()
    assert all(torch.equal(codes[name], book) for name, book in done.model.head.bag.codes.state_dict().items())
    (report,) = json.loads((tmp_path / "run" / "transfer.json").read_text())["transfers"]
    rows = {row["name"]: row for row in report["tensors"] if row["name"]}
    assert rows.keys() == done.model.state_dict().keys()
    loaded = {name for name, row in rows.items() if row["status"] == "loaded"}
    assert loaded == {f"head.bag.codes.{name}" for name in codes}
    learned = {name for name, row in rows.items() if row["reason"].endswith("learned from the training data")}
    assert rows.keys() - loaded - learned == {"head.classify.weight", "head.classify.bias"}


def test_windows_at_higher_speeds_hold_shapes_that_take_longer():
    x = np.tile(np.arange(12, dtype=np.float32), (2, 3, 1))
    found = runpy.run_path(str(MODELS / "train.py"))["at_speeds"](x, 3, 0)
    assert found.shape == (6, 3, 12)
    assert np.array_equal(found[:2], x)
    assert np.array_equal(found[2, 0], [0, 2, 4, 6, 8, 10] * 2)
    assert np.array_equal(found[5, 1], [0, 3, 6, 9] * 3)
