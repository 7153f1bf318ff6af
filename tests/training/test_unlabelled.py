"""Windows without labels train codebooks; whatever needs labels refuses them in one line."""

import numpy as np
import pytest
from small_runs import SIGNAL
from waves import write_waves
from zoo_registry import Registry, SpecError

import zoo
from zoo.cli.main import main
from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.training.fit import train

BOOK = {
    "encoder": {"kind": "conv.encoder"},
    "quantizer": {"kind": "quantizers.ema", "codes": 8},
    "decoder": {"kind": "conv.decoder"},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Windows of one class, and a codebook trained on them."""
    home = tmp_path_factory.mktemp("unlabelled")
    folder = write_waves(home / "windows", train=30, test=12)
    for split, count in (("train", 30), ("test", 12)):
        np.save(folder / f"y_{split}.npy", np.zeros(count, dtype=int))
    (folder / "classes.txt").write_text("unlabelled\n")
    train(Registry.discover().run(spec(home, BOOK)), home / "run", quiet=True)
    return home


def spec(home, model, **parts):
    source = {"kind": "data.npy", "path": str(home / "windows"), "layout": "c t", "classes": "classes.txt"}
    return {"model": model, "data": {"source": source}, "training": {"epochs": 1, "batch": 10}, **parts}


def test_a_codebook_needs_no_labels(home):
    """Its bundle promises no classes, and only reconstruction and codes are measured."""
    assert zoo.load(home / "run").spec.input.classes is None
    report = judge_run(open_run(zoo.Run(home / "run").folder))
    assert (report.scores, report.per_class, report.labelled) == ([], None, False)
    assert report.reconstruction[-1].mse > 0
    assert "classes" not in zoo.Run(home / "run").codebook().parts


def test_pages_and_tables_say_that_nothing_is_classified(home, capsys):
    assert main(["eval", str(home / "run")]) == 0
    assert main(["codebook", str(home / "run")]) == 0
    out = capsys.readouterr().out
    assert "no labels, so nothing is classified" in out
    assert "majority" not in out
    page = zoo.Run(home / "run").report().read_text()
    assert "The windows have no labels" in page
    assert "majority" not in page


@pytest.mark.parametrize("model", [SIGNAL, BOOK | {"head": {"kind": "heads.token-linear"}}])
def test_a_head_is_refused(home, tmp_path, model):
    with pytest.raises(SpecError, match=r"data: expected labels of two classes or more, as .* needs, found"):
        train(Registry.discover().run(spec(home, model)), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_judges_are_refused(home, tmp_path):
    judge = {"judges": {"mini": "sklearn.RidgeClassifier"}}
    with pytest.raises(SpecError, match=r"judges\.mini: expected windows with labels of two classes or more"):
        train(Registry.discover().run(spec(home, BOOK, evaluation=judge)), tmp_path / "run", quiet=True)
    with pytest.raises(SpecError, match=r"judges\.mini: expected windows with labels of two classes or more"):
        zoo.Run(home / "run").evaluate(judges={"mini": "sklearn.RidgeClassifier"})
