"""Models that come with the zoo are as good as their cards say, and a codebook reads data that it has never seen."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from aeon.datasets import load_basic_motions
from zoo_models import zoo_models

import zoo

SCRIPT = Path(__file__).parents[2] / "examples/models/train.py"
CARDS = {card.name: card for card in zoo_models()}


@pytest.fixture(scope="module")
def motions():
    return load_basic_motions(split="test")


def right(output, model, y) -> int:
    names = [model.spec.input.class_names[label].lower() for label in output.logits.argmax(1)]
    return sum(name == expected.lower() for name, expected in zip(names, y, strict=True))


def r2(output, x) -> float:
    error = np.square(output.x_recon.double().numpy() - x).sum()
    return float(1 - error / np.square(x - x.mean(2, keepdims=True)).sum())


@pytest.mark.parametrize("name", CARDS)
def test_a_model_is_as_good_as_its_card_says(name, motions):
    (x, y), model, headline = motions, zoo.load(name), CARDS[name].headline
    with torch.no_grad():
        output = model(torch.from_numpy(x).float())
    assert headline.total == len(y)
    if headline.metric == "accuracy":
        assert headline.count == right(output, model, y)
        assert headline.value == headline.count / headline.total
    else:
        assert headline.value == round(r2(output, x), 3)


def test_the_plugin_offers_these_models():
    assert CARDS.keys() <= zoo.models().keys()
    assert zoo.models("tokenize").keys() >= {"shapes-small", "motions-shapes"}


def test_the_codebook_is_a_start_for_windows_of_other_channels_and_lengths(tmp_path):
    """Three channels of 230 samples, brought to 100; only a linear reader is fitted."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    time = np.linspace(0, 1, 230)
    x = np.sin(2 * np.pi * (3 + 4 * y[:, None, None]) * (time + rng.random((60, 3, 1))))
    for split, rows in (("train", slice(0, 45)), ("test", slice(45, 60))):
        np.save(tmp_path / f"X_{split}.npy", x[rows].astype(np.float32))
        np.save(tmp_path / f"y_{split}.npy", y[rows])
    model = json.loads((zoo.load("shapes-small").spec).model_dump_json())
    run = {
        "model": {**{role: model[role] for role in ("fusion", "encoder", "quantizer", "decoder")},
                  "errors": "relative", "head": {"kind": "heads.token-linear"}},
        "data": {"source": {"kind": "data.npy", "path": str(tmp_path), "layout": "c t"}, "length": {"to": 100}},
        "transfer": [{"source": "shapes-small"}],
        "training": {"epochs": 1, "phases": [{"learn": ["head"], "fit": "closed"}]},
    }  # fmt: skip
    report = zoo.train(run, tmp_path / "run", quiet=True).evaluate()
    assert report.head.correct >= 12  # of 15
    assert report.reconstruction[-1].r2 > 0.8


def test_windows_at_higher_speeds_hold_shapes_that_take_longer():
    x = np.tile(np.arange(12, dtype=np.float32), (2, 3, 1))
    found = runpy.run_path(str(SCRIPT))["at_speeds"](x, 3, 0)
    assert found.shape == (6, 3, 12)
    assert np.array_equal(found[:2], x)
    assert np.array_equal(found[2, 0], [0, 2, 4, 6, 8, 10] * 2)
    assert np.array_equal(found[5, 1], [0, 3, 6, 9] * 3)
