"""A run of a bag of shapes on the command line: `zoo codebook` and `zoo explain`."""

import json

import numpy as np
import pytest
from small_runs import SIGNAL
from waves import write_waves
from zoo_registry import Registry

import zoo as shapezoo
from zoo.codebook.score import DEFINITION
from zoo.codebook.stored import read_measured
from zoo.runs.folder import RunFolder
from zoo.training.fit import train

BAG = {"head": {"kind": "bag.signal", "samples": 8, "scales": [1, 2], "codes": [4, 12], "level": [4, 3]}}
CLOSED = {"epochs": 1, "batch": 8, "phases": [{"name": "solve", "learn": ["head"], "fit": "closed"}]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two bags with different seeds and closed-form phases, and a network."""
    home = tmp_path_factory.mktemp("runs")
    source = {"kind": "data.npy", "path": str(write_waves(home / "windows", train=30, test=12)), "layout": "c t"}
    for name, model, seed in (("one", BAG, 0), ("other", BAG, 1), ("network", SIGNAL, 0)):
        training = CLOSED | {"seed": seed} if model is BAG else {"epochs": 1, "batch": 8}
        spec = {"name": name, "model": model, "data": {"source": source}, "training": training}
        train(Registry.discover().run(spec), home / name, quiet=True)
    return home


@pytest.mark.slow
def test_codebooks_of_a_head_are_measured_without_the_parts_that_do_not_apply(zoo, runs):
    found = zoo("codebook", runs / "one", "--beside", runs / "other")
    assert found.status == 0
    assert "12 shapes of all axes over 16 samples" in found.out
    report = json.loads((runs / "one/codebook.json").read_text())
    assert len(report["books"]) == 8
    assert report["bypass"] is report["faithfulness"] is None
    assert report["definition"] == DEFINITION  # otherwise every `zoo report` would measure it again
    assert set(report["parts"]) == {"used", "effective", "distinct", "varied", "classes"}
    assert {book["shapes"]["source"] for book in report["books"]} == {"learned"}
    assert 0 < report["stability"]["mean"] <= 1
    assert (runs / "one/figures/codebook-shapes-1.png").stat().st_size > 1000
    books = read_measured(RunFolder(runs / "one")).books
    assert {book.axes for book in books} == {1, 2}
    assert zoo("report", runs / "one").status == 0


@pytest.mark.parametrize("window", [0, 11])
def test_the_explanation_adds_up_to_the_logit(zoo, runs, window):
    found = zoo("explain", runs / "one", "--window", window)
    assert found.status == 0
    explained = json.loads((runs / f"one/explain-{window}.json").read_text())
    assert explained["fingerprint"] == json.loads((runs / "one/run.json").read_text())["fingerprint"]
    total = explained["bias"] + sum(part["said"] for part in explained["parts"])
    assert total == pytest.approx(explained["logit"])
    assert explained["bias"] + np.sum(explained["curve"]) == pytest.approx(explained["logit"], abs=1e-5)
    assert explained["of"] == explained["predicted"]
    assert f"logit {explained['logit']:+.3f}" in found.out
    for kind in ("png", "svg"):
        assert (runs / f"one/figures/explain-{window}.{kind}").stat().st_size > 1000
    model = shapezoo.load(runs / "one/bundle").eval()
    assert model.spec.head.kind == "bag.signal"


def test_another_class_and_split_have_their_own_files(zoo, runs):
    found = json.loads(zoo("explain", runs / "one", "--window", 1, "--split", "validation", "--json").out)
    other = next(name for name in ("0", "1", "2") if name != found["predicted"])
    assert zoo("explain", runs / "one", "--window", 1, "--split", "validation", "--of", other).status == 0
    assert (runs / "one/explain-1-validation.json").exists()
    assert json.loads((runs / f"one/explain-1-validation-{other}.json").read_text())["of"] == other


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("one", "--window", 12), "--window: expected 0 to 11, found 12"),
        (("one", "--window", -1), "--window: expected 0 to 11, found -1"),
        (("one", "--window", 0, "--of", "sitting"), "--of: expected one of 0, 1, 2, found 'sitting'"),
        (
            ("network", "--window", 0),
            "head: expected a head that counts shapes, which can be explained",
        ),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(zoo, runs, arguments, line):
    name, *rest = arguments
    found = zoo("explain", runs / name, *rest)
    assert found.status == 2
    assert found.err.count("\n") == 1
    assert line in found.err
