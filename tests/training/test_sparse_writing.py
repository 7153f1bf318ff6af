"""A run that writes only after its first and last epoch, which a short one may, loses nothing that it selects."""

from pathlib import Path

import pytest
import torch
from small_runs import SHAPES
from stopped import Stop, differing, rows, stopped_and_resumed
from torch import Tensor

from zoo.runs.folder import RunFolder
from zoo.training import pace
from zoo.training.checkpoints import WholeCheckpoints, read_weights
from zoo.training.fit import train

TRAINING = {"epochs": 5, "optimizer": {"kind": "adamw", "lr": 0.01}, "phases": [{"length": 2}, {"weights": {"x": 1}}]}
EVERY = float("inf")
"""Share of the time for writing with which every epoch is written."""


def best(folder: RunFolder) -> dict[str, dict[str, Tensor]]:
    return {name: read_weights(folder.best(name)) for name in ("accuracy", "x")}


def numbers(folder: RunFolder) -> list[dict[str, str]]:
    return [{name: cell for name, cell in row.items() if name != "seconds"} for row in rows(folder)]


@pytest.fixture(params=[0.0, EVERY], ids=["sparse", "every epoch"])
def share(request, monkeypatch) -> float:
    monkeypatch.setattr(pace, "SHARE", request.param)
    return float(request.param)


@pytest.mark.slow
def test_what_is_learned_selected_and_logged_does_not_depend_on_when_it_is_written(run_of, tmp_path, monkeypatch):
    found = []
    for share in (0.0, EVERY):
        monkeypatch.setattr(pace, "SHARE", share)
        found.append(train(run_of(SHAPES, TRAINING), tmp_path / str(share), quiet=True))
    assert differing(*found) == []
    assert numbers(found[0]) == numbers(found[1])
    one, other = map(best, found)
    assert all(torch.equal(one[name][key], other[name][key]) for name in one for key in one[name])


@pytest.mark.slow
def test_a_stopped_run_resumes_to_the_same_weights_best_weights_and_rows(run_of, tmp_path, share):
    run = run_of(SHAPES, TRAINING)
    undisturbed = train(run, tmp_path / "undisturbed", quiet=True)
    stopped = stopped_and_resumed(run, tmp_path / "stopped", epochs=3, share=share)
    assert differing(stopped, undisturbed) == []
    assert numbers(stopped) == numbers(undisturbed)
    one, other = best(stopped), best(undisturbed)
    assert all(torch.equal(one[name][key], other[name][key]) for name in one for key in one[name])


def test_a_stopped_run_keeps_the_best_weights_of_its_checkpoint_and_every_row(run_of, tmp_path, share):
    """Rows beyond the checkpoint tell what happened; a resumed run makes them again."""
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(ConnectionError):
        train(run_of(SHAPES, TRAINING), folder.path, quiet=True, hooks=[Stop(3)])
    assert [row["epoch"] for row in rows(folder)] == ["0", "1", "2"]
    last = torch.load(folder.last, weights_only=True)
    assert last["epoch"] == (2 if share == EVERY else 0)
    for objective, column in (("accuracy", "val/head.correct"), ("x", "val/x")):
        state = next(state for name, state in last["callbacks"].items() if folder.best(objective).stem in str(state))
        values = [float(row[column]) / (6 if column.endswith("correct") else 1) for row in rows(folder)]
        epoch = torch.load(folder.best(objective), weights_only=True)["epoch"]
        assert epoch <= last["epoch"]
        assert float(state["best_model_score"]) == pytest.approx(values[epoch], rel=1e-5)


def test_a_run_in_a_relative_folder_keeps_the_checkpoint_before_the_last(run_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = train(run_of(SHAPES, {"epochs": 2}), Path("run"), quiet=True)
    epochs = [torch.load(path, weights_only=True)["epoch"] for path in (folder.previous, folder.last)]
    assert epochs == [0, 1]
    assert best(folder).keys() == {"accuracy", "x"}


def test_best_weights_wait_as_a_copy(tmp_path):
    folder, weight = RunFolder(tmp_path), torch.zeros(3)
    files = WholeCheckpoints(folder)
    files.save_checkpoint({"state_dict": {"model.weight": weight}}, folder.best("x"))
    assert not folder.best("x").exists()
    weight.fill_(1)
    files.save_checkpoint({"state_dict": {"model.weight": weight}}, folder.last)
    assert torch.equal(read_weights(folder.best("x"))["weight"], torch.zeros(3))
    assert torch.equal(read_weights(folder.last)["weight"], torch.ones(3))
