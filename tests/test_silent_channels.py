"""A channel that is silent for a whole window: its tokens are not real, and the rest of the window is unaffected."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import SHAPES
from test_combinations import REGISTRY, ROLES, fits
from test_model_tasks import CHANNELS, LENGTH, NAMES, REBUILDING, signal, spec_of
from torch import Tensor
from waves import write_waves
from zoo_registry import DataError

from zoo.cli.main import main
from zoo.model.assembly import ZooModel
from zoo.testing import adapt

HEADS = [kind for kind in REGISTRY.kinds("head") if REGISTRY.find(kind).needs in ("tokens", "codes")]
CASES = list(zip(REBUILDING, itertools.cycle(HEADS)))
ALONE = (None, "fusion.channelwise", "fusion.attention")
"""Fusions that leave every channel a series of its own."""
CHANNELWISE = [kinds for kinds in REBUILDING if spec_of(**kinds).channelwise]


def silent() -> Tensor:
    """All observed except the last channel of window 1."""
    mask = torch.ones(3, CHANNELS, LENGTH, dtype=torch.bool)
    mask[1, -1] = False
    return mask


def model_of(kinds: dict[str, str | None], head: str | None = None) -> ZooModel:
    headed = {**kinds, "head": head}
    torch.manual_seed(0)
    known = fits((*(headed.get(role) for role in ROLES), "shared", "instance"))
    model = ZooModel(spec_of(**(headed if known else kinds)))
    adapt(model, model.trace.signal)
    return model


@pytest.mark.parametrize(("kinds", "head"), CASES, ids=NAMES)
def test_every_model_learns_from_a_window_with_a_silent_channel(kinds, head):
    model, x, mask = model_of(kinds, head).train(), signal(), silent()
    out = model(x, mask, torch.tensor([0, 1, 2]))
    sum(loss for loss in out.losses.values() if loss.requires_grad).backward()
    slopes = [weight.grad for weight in model.parameters() if weight.grad is not None]
    known = (*out.losses.values(), *slopes, *model.buffers(), out.x_recon)
    assert all(bool(value.isfinite().all()) for value in known)
    if kinds["fusion"] in ALONE and kinds["image"] is None:
        assert torch.equal(out.tokens.mask.any(-1), mask.any(-1))


@pytest.mark.parametrize("kinds", CHANNELWISE, ids=[kinds["encoder"] + "+" + kinds["decoder"] for kinds in CHANNELWISE])
def test_losses_equal_those_of_the_observed_series(kinds):
    model, x, mask = model_of(kinds).eval(), signal(), silent()
    with torch.no_grad():
        part, whole = model(x, mask), model(x[mask].view(-1, 1, LENGTH))
    torch.testing.assert_close(part.x_recon[mask].view(-1, 1, LENGTH), whole.x_recon, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(part.losses, whole.losses, rtol=1e-4, atol=1e-5)


def test_a_channel_without_observations_is_not_imputed():
    alone = model_of(next(kinds for kinds in REBUILDING if kinds["fusion"] is None and kinds["image"] is None))
    with pytest.raises(DataError, match="a series with none"):
        alone.impute(signal(), silent())
    joined = model_of(next(kinds for kinds in REBUILDING if kinds["fusion"] == "fusion.flatten")).eval()
    assert joined.impute(signal(), silent()).isfinite().all()


def test_a_window_with_a_silent_channel_is_used_in_training_and_evaluation(tmp_path: Path, capsys):
    folder = write_waves(tmp_path / "windows", train=24, test=12)
    for split, row in (("train", 3), ("test", 7)):
        x = np.load(folder / f"X_{split}.npy")
        x[row, 1] = np.nan
        np.save(folder / f"X_{split}.npy", x)
    data = {"source": {"kind": "data.npy", "path": str(folder), "layout": "c t"}, "missing": "mask"}
    model = {"fusion": {"kind": "fusion.channelwise"}, **SHAPES}
    run = {"model": model, "data": data, "training": {"epochs": 1, "batch": 8}}
    (tmp_path / "run.json").write_text(json.dumps({"name": "silent", **run}))
    out = str(tmp_path / "run")
    assert main(["train", str(tmp_path / "run.json"), "--out", out]) == 0, capsys.readouterr().err
    for command in ("eval", "codebook"):
        assert main([command, out]) == 0, capsys.readouterr().err
