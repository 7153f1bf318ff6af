"""A run killed at any moment resumes to the weights of an uninterrupted run."""

import json
import os
import signal
import time
import warnings
from pathlib import Path

import pytest
import torch
from forked import Forked
from small_runs import SHAPES
from stopped import differing, resuming, write_every_epoch

from zoo.runs.folder import RunFolder
from zoo.runs.metrics import MetricsFile
from zoo.training.checkpoints import Best
from zoo.training.fit import train


def start(spec: Path, out: Path) -> Forked:
    return Forked(resuming(spec, out), spec.with_suffix(".said"))


def start_writing_every_epoch(spec: Path, out: Path) -> Forked:
    return Forked(resuming(spec, out), spec.with_suffix(".said"), before=write_every_epoch)


def epochs_done(out: Path) -> int:
    return len(MetricsFile(out / "metrics.csv").rows())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("after", "care"), [(1, {}), (3, {"start": "kmeans", "reset_after": 4})], ids=["plain", "care"]
)
def test_a_killed_run_resumes_to_the_same_weights(spec_of, run_of, tmp_path, after, care):
    """Dropout, omitted patches, the order of windows, moments, moving averages, use of codes: all must be restored."""
    model = SHAPES | {"quantizer": SHAPES["quantizer"] | care}
    training = {"epochs": 8, "phases": [{"length": 2}, {"weights": {"x": 1, "ce": {"over": 3}}, "length": 4}]}
    spec, out = tmp_path / "run.json", tmp_path / "killed"
    spec.write_text(json.dumps(spec_of(model, training)))
    process = start_writing_every_epoch(spec, out)
    while (epochs_done(out) < after or not (out / "checkpoints/last.ckpt").exists()) and process.running():
        time.sleep(0.01)
    process.signal(signal.SIGKILL)
    process.ended()
    assert (out / "checkpoints" / "last.ckpt").exists(), "nothing to resume from"
    assert epochs_done(out) < 8, "the run was over before it was killed"
    status, said = start(spec, out).ended()
    assert status == 0, said
    undisturbed = train(run_of(model, training), tmp_path / "undisturbed", quiet=True)
    assert differing(RunFolder(out), undisturbed) == []
    assert [row["epoch"] for row in MetricsFile(out / "metrics.csv").rows()] == [str(epoch) for epoch in range(8)]


@pytest.mark.slow
def test_an_interrupted_run_says_so_and_resumes(spec_of, tmp_path):
    spec, out = tmp_path / "run.json", tmp_path / "run"
    spec.write_text(json.dumps(spec_of(SHAPES, {"epochs": 10})))
    process = start(spec, out)
    process.wait_for(out / "checkpoints" / "last.ckpt")
    process.signal(signal.SIGINT)
    status, said = process.ended()
    assert status == 130, said
    assert said.endswith("zoo: interrupted\n")
    assert "Traceback" not in said
    assert start(spec, out).ended()[0] == 0


def test_a_finished_run_resumes_without_a_change(run_of, tmp_path):
    run = run_of(SHAPES, {"epochs": 1})
    folder = train(run, tmp_path / "run", quiet=True)
    before = (folder.bundle / "model.safetensors").read_bytes()
    train(run, folder.path, resume=True, quiet=True)
    assert (folder.bundle / "model.safetensors").read_bytes() == before
    assert os.listdir(folder.checkpoints)


@pytest.mark.slow
def test_a_moved_run_remembers_its_best_epoch(run_of, tmp_path):
    """Otherwise the first epoch after the move would be the best so far, however bad."""
    run = run_of(SHAPES, {"epochs": 2, "optimizer": {"kind": "adamw", "lr": 0.01}})
    first = train(run, tmp_path / "first", quiet=True)
    moved = tmp_path / "moved"
    first.path.rename(moved)
    again = train(run, moved, resume=True, quiet=True)
    stored = torch.load(again.last, weights_only=True)["callbacks"]
    best = Best(again, "x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        best.load_state_dict(next(state for name, state in stored.items() if "val/loss/x" in name))
    assert best.best_model_score is not None
    assert best.best_k_models == {str(again.best("x")): best.best_model_score}
    assert best.best_model_path == str(again.best("x"))


def test_a_run_resumes_with_another_number_of_workers_and_another_patience(run_of, tmp_path):
    """They change neither windows nor weights."""
    folder = train(run_of(SHAPES, {"epochs": 1}), tmp_path / "run", quiet=True)
    before = (folder.bundle / "model.safetensors").read_bytes()
    other = run_of(SHAPES, {"epochs": 1}, trainer={"workers": 1, "patience": 90})
    train(other, folder.path, resume=True, quiet=True)
    assert (folder.bundle / "model.safetensors").read_bytes() == before
