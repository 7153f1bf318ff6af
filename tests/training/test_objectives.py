"""The best weights for each objective, stored separately and loadable by name."""

import pytest
from small_runs import SHAPES, SIGNAL
from stopped import differing
from zoo_registry import SpecError, TrainingError

import zoo
from zoo.codebook.measure_run import measure_run
from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.score import on_rebuilt
from zoo.findings.curve import Curve
from zoo.report.history import read_history
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_json
from zoo.training.fit import train
from zoo.weights.bundle import save

EPOCHS = 7


@pytest.fixture
def judge(run_of, tmp_path):
    return train(run_of(SIGNAL, {"epochs": 1}), tmp_path / "signal", quiet=True).bundle


@pytest.fixture
def trained(run_of, judge, tmp_path) -> RunFolder:
    # The learning rate is too large on purpose, so that the last epoch is not the best one.
    training = {"epochs": EPOCHS, "optimizer": {"kind": "adamw", "lr": 0.05}, "schedule": {"kind": "steps", "at": []}}
    run = run_of(SHAPES, training, evaluation={"judges": {"wrn": str(judge)}, "codebook": 2})
    return train(run, tmp_path / "run", quiet=True)


def best(folder: RunFolder, column: str, sign: int) -> float:
    values = [epoch.values[column] for epoch in Curve.read(folder.metrics).epochs if column in epoch.values]
    return sign * max(sign * value for value in values)


def judged(folder: RunFolder, objective: str):
    """Validation scores, including the codebook's, of the weights stored for ``objective``."""
    save(zoo.load(folder.best_bundle(objective)), folder.bundle)
    opened = open_run(folder)
    return judge_run(opened, "validation"), measure_run(opened, "validation").report


@pytest.mark.slow
def test_every_objective_has_the_weights_that_were_best_by_it(trained):
    """Evaluated again with the code of `zoo eval` and `zoo codebook`, independent of training."""
    assert judged(trained, "x")[0].losses["x"] == pytest.approx(best(trained, "val/x", -1), rel=1e-5)
    found = judged(trained, "accuracy")[0].head.correct
    assert found == best(trained, "val/head.correct", 1)
    assert judged(trained, "wrn")[0].score(on_rebuilt("wrn")).correct == best(trained, "val/wrn on rebuilt.correct", 1)
    assert judged(trained, "codebook")[1].score == pytest.approx(best(trained, "val/codebook", 1), abs=1e-6)


@pytest.mark.slow
def test_the_score_is_measured_in_the_requested_epochs(trained):
    rows = Curve.read(trained.metrics).epochs
    assert [epoch.number for epoch in rows if "val/codebook" in epoch.values] == [0, 2, 4, 6]
    assert len(read_history(trained.metrics).columns["val/codebook"]) == EPOCHS


@pytest.mark.slow
def test_measuring_changes_nothing(run_of, tmp_path):
    plain, measured = (
        train(run_of(SHAPES, {"epochs": 3}, evaluation={"codebook": every}), tmp_path / str(every), quiet=True)
        for every in (None, 1)
    )
    assert differing(plain, measured) == []


def test_the_selected_objective_is_the_bundle(run_of, tmp_path):
    folder = train(run_of(SHAPES, {"select": "x"}), tmp_path / "run", quiet=True)
    hashes = [read_json(bundle / "spec.json")["sha256"] for bundle in (folder.bundle, folder.best_bundle("x"))]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(
    ("select", "evaluation", "message"),
    [
        ("codebook", {}, "evaluation.codebook, which says how often"),
        ("wrm", {"judges": {"wrn": "x"}}, "did you mean 'wrn'"),
        ("wrn", {}, "this run has last, accuracy, x"),
        ("last", {"judges": {"x": "x"}}, "a name that is not in use"),
    ],
)
def test_objectives_that_the_run_lacks_are_refused(run_of, select, evaluation, message):
    with pytest.raises(SpecError, match=message):
        run_of(SHAPES, {"select": select}, evaluation=evaluation)


def test_a_missing_codebook_is_not_measured(run_of):
    with pytest.raises(SpecError, match="no codebook"):
        run_of(SIGNAL, {}, evaluation={"codebook": 1})


def test_damaged_best_weights_are_not_used(run_of, tmp_path):
    run = run_of(SHAPES, {"select": "x"})
    folder = train(run, tmp_path / "run", quiet=True)
    folder.best("x").write_bytes(folder.best("x").read_bytes()[:-300])
    with pytest.raises(TrainingError, match=r"best-x.ckpt: .* damaged"):
        train(run, folder.path, resume=True, quiet=True)
