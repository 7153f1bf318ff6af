"""A made data set in which one modality is noise for half of the windows: a learned gate turns it down there."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import SIGNAL
from stopped import rows
from torch.nn.functional import one_hot
from waves import write_waves
from zoo_registry import Registry

from zoo.runs.data import load_set
from zoo.runs.folder import RunFolder
from zoo.teachers.kept import read_kept
from zoo.teachers.logits_file import LogitsFile
from zoo.training.fit import train

SEEDS = (0, 1)


def logits(y: torch.Tensor, strength: float, spread: float) -> torch.Tensor:
    """Logits that favour the true class by ``strength``, with normal noise of deviation ``spread``."""
    return strength * one_hot(y, 3).float() + spread * torch.randn(len(y), 3)


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """Windows, two files of out-of-fold logits, and which windows are noise to the second teacher."""
    folder = tmp_path_factory.mktemp("school")
    write_waves(folder / "windows", train=240, test=120)
    data = load_set(run(folder, 0, None))
    torch.manual_seed(0)
    y, noisy = torch.from_numpy(data.train.y), torch.rand(len(data.train)) < 0.5
    wrong = logits((y + torch.randint(1, 3, y.shape)) % 3, 2.5, 0.3)
    found = {"steady": logits(y, 1.5, 0.5), "other": torch.where(noisy[:, None], wrong, logits(y, 6, 0.5))}
    for name, given in found.items():
        LogitsFile(given.numpy(), data.classes, data.fingerprint, folds=np.arange(len(y)) % 5).write(
            folder / f"{name}.npz"
        )
    return folder, noisy


def run(folder: Path, seed: int, weigh: str | None):
    source = {"kind": "data.npy", "path": str(folder / "windows"), "layout": "c t"}
    given = {"model": SIGNAL, "data": {"source": source}}
    optimizer = {"kind": "adamw", "lr": 0.003}
    training = {"epochs": 12, "batch": 16, "seed": seed, "optimizer": optimizer, "phases": [{"weights": {"kd": 1}}]}
    if weigh is not None:
        teachers = {name: str(folder / f"{name}.npz") for name in ("steady", "other")}
        given |= {"teachers": teachers, "distill": [{"kind": "distill.logits"}], "weigh": {"kind": weigh}}
    return Registry.discover().run(given | {"training": training if weigh else {"seed": seed}})


def correct(folder: Path, seed: int, weigh: str) -> tuple[int, RunFolder]:
    """Validation windows that the student gets right after training, and its run."""
    trained = train(run(folder, seed, weigh), folder / f"{weigh}-{seed}", quiet=True)
    return int(rows(trained)[-1]["val/head.correct"]), trained


def weights_of(folder: RunFolder) -> np.ndarray:
    """Weights `(m n)` of the teachers in every training window."""
    kept = read_kept(folder.teacher_weights)
    assert kept is not None
    return kept["weights"]


@pytest.mark.slow
def test_the_gate_is_better_than_fixed_weights_where_one_teacher_is_noise_for_half_of_the_windows(school):
    folder, noisy = school
    fixed = [correct(folder, seed, "weigh.fixed")[0] for seed in SEEDS]
    learned = [correct(folder, seed, "weigh.learned") for seed in SEEDS]
    for _, trained in learned:
        weights = weights_of(trained)[1]
        assert weights[noisy].mean() <= 0.5 * weights[~noisy].mean()
    total = len(load_set(run(folder, 0, None)).validation) * len(SEEDS)
    assert sum(count for count, _ in learned) >= sum(fixed) + 0.03 * total
