"""A model whose only state is a codebook is trained, measured, stored and resumed like any other."""

from typing import Any

import pytest
import torch
from processes_pair import train_pair
from stopped import differing, rows, stopped_and_resumed, weights

import zoo
from zoo.training.fit import train

MODEL = {
    "encoder": {"kind": "vqshape.encoder", "readout": "identity", "tokens": 5, "samples": 8, "overlap": 1},
    "quantizer": {"kind": "quantizers.ema", "codes": 6, "start": "kmeans", "reset_after": 6},
    "decoder": {"kind": "vqshape.renderer", "shape": "code"},
}
TRAINING = {"epochs": 6}


def test_a_codebook_alone_is_trained_by_its_statistics(run_of, tmp_path):
    folder = train(run_of(MODEL, TRAINING), tmp_path / "run", quiet=True, diagnose=True)
    model = zoo.load(folder.bundle)
    assert not list(model.parameters())
    assert len(torch.unique(model.state_dict()["quantizer.codebook.codes"], dim=1).flatten(0, 1)) == 6
    found = rows(folder)
    assert [int(row["step"]) for row in found] == [4, 8, 12, 16, 20, 24]
    assert float(found[-1]["train/x"]) < float(found[0]["train/x"])
    assert float(found[-1]["val/r2"]) > 0.8
    assert folder.best("x").exists()


@pytest.mark.parametrize("extra", [{}, {"accumulate": 2}, {"optimizer": {"kind": "sgd"}}, {"clip": None}])
def test_a_stopped_run_resumes_to_the_same_codebook(run_of, tmp_path, extra: dict[str, Any]):
    run = run_of(MODEL, TRAINING | extra)
    whole = train(run, tmp_path / "whole", quiet=True)
    stopped = stopped_and_resumed(run, tmp_path / "stopped", 3)
    assert differing(whole, stopped) == []
    assert [row["train/x"] for row in rows(whole)] == [row["train/x"] for row in rows(stopped)]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_find_the_codebook_of_one(run_of, spec_of, tmp_path, strategy):
    """From random codes: k-means draws from the tokens in another order."""
    model = MODEL | {"quantizer": {"kind": "quantizers.ema", "codes": 6}}
    one = train(run_of(model, {"batch": 6}), tmp_path / "one", quiet=True)
    trainer = {"accelerator": "cpu", "devices": 2, "strategy": strategy}
    two = train_pair(spec_of(model, {"batch": 3}, trainer=trainer), tmp_path / "two")
    for name, value in weights(one).items():
        torch.testing.assert_close(weights(two)[name], value, rtol=1e-5, atol=1e-5)
