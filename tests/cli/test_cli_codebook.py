"""`zoo codebook` on the command line."""

import json

import numpy as np
import pytest
from small_runs import SHAPES
from zoo_registry import Registry

from zoo.training.fit import train

MODEL = SHAPES | {"head": {"kind": "heads.histogram-linear"}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs with different seeds, and one without a codebook."""
    home = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(0)
    for split, count in (("train", 30), ("test", 12)):
        np.save(home / f"X_{split}.npy", rng.normal(size=(count, 2, 40)).cumsum(-1).astype(np.float32))
        np.save(home / f"y_{split}.npy", np.arange(count) % 3)
    data = {"source": {"kind": "data.npy", "path": str(home), "layout": "c t"}}
    plain = {role: part for role, part in MODEL.items() if role not in ("quantizer", "head")}
    for name, model, seed in (("one", MODEL, 0), ("other", MODEL, 1), ("plain", plain, 0)):
        spec = {"name": name, "model": model, "data": data, "training": {"epochs": 1, "batch": 8, "seed": seed}}
        train(Registry.discover().run(spec), home / name)
    return home


def test_the_table_starts_with_the_score_and_files_are_written(zoo, runs):
    found = zoo("codebook", runs / "one")
    assert found.status == 0
    title, score, *_ = found.out.strip().splitlines()
    assert title == "Codebook, test split of 12 windows, 192 tokens"
    assert score.startswith("score")
    report = json.loads((runs / "one/codebook.json").read_text())
    assert f"{report['score']:.3f}" in score
    assert report["fingerprint"] == json.loads((runs / "one/run.json").read_text())["fingerprint"]
    assert (runs / "one/codebook.npz").exists()
    assert (runs / "one/figures/codebook-shapes.svg").exists()


def test_tables_say_what_carries_the_signal_and_how_codes_fit(zoo, runs):
    found = zoo("codebook", runs / "one")
    report = json.loads((runs / "one/codebook.json").read_text())
    assert f"correlation {report['fit']['correlation']:.3f}, R² {report['fit']['r2']:.3f}" in found.out
    table = found.out.split("Which part of a token carries the signal?")[1].split("\n\n")[0]
    for row in report["bypass"]["ablations"][1:]:
        assert row["name"] in table
        assert f"{row['mse']:.4g}" in table
    header = found.out.split("Most used codes")[1].splitlines()[1]
    assert "fit" in header.split()
    assert sum(row["fit"]["tokens"] for row in report["books"][0]["codes"]) == report["tokens"]


def test_json_is_the_report_and_repeatable(zoo, runs):
    one, again = (zoo("codebook", runs / "one", "--json") for _ in range(2))
    assert one.json == again.json
    assert one.json["probe"]["total"] == 12
    assert sum(row["count"] for row in one.json["books"][0]["codes"]) == one.json["tokens"]


def test_the_validation_split_has_its_own_files(zoo, runs):
    assert zoo("codebook", runs / "other", "--split", "validation", "--json").json["split"] == "validation"
    assert (runs / "other/codebook-validation.json").exists()
    assert (runs / "other/figures/codebook-usage-validation.png").exists()
    assert not (runs / "other/codebook.json").exists()


def test_a_run_matches_itself_better_than_another_run(zoo, runs):
    stable = zoo("codebook", runs / "one", "--beside", runs / "one", "--beside", runs / "other", "--json").json[
        "stability"
    ]
    assert stable["matches"][0] == pytest.approx(1)
    assert stable["matches"][1] < 1
    assert stable["mean"] == pytest.approx(np.mean(stable["matches"]))


def test_a_model_without_a_codebook_is_refused(zoo, runs):
    for words in ([runs / "plain"], [runs / "one", "--beside", runs / "plain"]):
        found = zoo("codebook", *words)
        assert found.status == 2
        assert "quantizer: expected one to code with, found none in the model" in found.err.strip().splitlines()[-1]
    assert not (runs / "plain/codebook.json").exists()


def test_a_path_without_a_run_is_refused(zoo, tmp_path):
    found = zoo("codebook", tmp_path)
    assert found.status == 2
    assert "expected a run folder" in found.err
