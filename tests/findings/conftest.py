"""Windows of waves whose frequency is their class, in folders with or without shared subjects, and facts of models."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from zoo_registry import Registry, RunSpec

from zoo.codebook.measure import Windows, measure
from zoo.evaluation.evaluation import Evaluation
from zoo.evaluation.judge import NetworkJudge
from zoo.findings.curve import Curve
from zoo.findings.facts import DataFacts, Facts, standard_of
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.training.data import ZooData, load_data

FIRST_TESTED = 100
"""Number of the first subject of the test split."""
PLUGIN = Path(__file__).parent / "waves_plugin.py"


@pytest.fixture
def waves(install: Callable[..., None]) -> Any:
    """The module of the plugin that needs no training."""
    install("waves", PLUGIN.read_text())
    return importlib.import_module("zoo_waves")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four patches of 16 samples per window, each a wave of the class's frequency with its own offset.

    96 windows of 16 subjects to train on, 48 of 8 others to judge.
    """
    rng, home = np.random.default_rng(0), tmp_path / "waves"
    home.mkdir()
    for name, count, first in (("train", 96, 0), ("test", 48, FIRST_TESTED)):
        y = np.arange(count) % 3
        time = 2 * np.pi * np.arange(16) / 16
        phase = 2 * np.pi * rng.integers(0, 4, (count, 4, 1)) / 4 + 0.4
        cycles = np.array([1, 2, 4])[y][:, None, None]
        patches = 1.4 * np.sin(cycles * time + phase) + rng.normal(0, 1.2, (count, 4, 1))
        x = patches.reshape(count, 1, 64) + rng.normal(0, 0.1, (count, 1, 64)) + 5
        np.save(home / f"X_{name}.npy", x.astype(np.float32))
        np.save(home / f"y_{name}.npy", y)
        np.save(home / f"subject_{name}.npy", first + np.arange(count) // 6)
    return home


@pytest.fixture
def run_of(folder: Path) -> Callable[..., RunSpec]:
    """A run on ``folder`` of a model, with its training and other parts."""

    def make(model: Mapping[str, Any], training: Mapping[str, Any] | None = None, **parts: Any) -> RunSpec:
        data = {"source": {"kind": "data.npy", "path": str(folder), "layout": "c t", "subject": "subject"}}
        return Registry.discover().run({"model": model, "data": data, "training": training or {}, **parts})

    return make


@pytest.fixture
def patchwork(waves: Any, run_of: Callable[..., RunSpec]) -> Callable[..., ZooModel]:
    """A model of patches whose codebook holds ``codes (k 16)``, with a decoder of the plugin."""

    def make(codes: torch.Tensor, decoder: str = "waves.patchwork") -> ZooModel:
        spec = {
            "input": {"channels": 1, "length": 64, "classes": 3},
            "encoder": {"kind": "waves.patches"},
            "quantizer": {"kind": "quantizers.ema", "codes": len(codes)},
            "decoder": {"kind": decoder},
            "scale": "none",
        }
        model = build(spec).eval()
        assert model.quantizer is not None
        model.quantizer.get_submodule("codebook").get_buffer("codes").copy_(codes[None])
        return model

    return make


@pytest.fixture
def judge_of(waves: Any, run_of: Callable[..., RunSpec]) -> Callable[..., ZooModel]:
    """A head of the plugin as a judge, standardised by the training split or by given statistics."""

    def make(kind: str = "waves.spectrum", mean: float | None = None, std: float | None = None) -> ZooModel:
        judge = build({"input": {"channels": 1, "length": 64, "classes": 3}, "head": {"kind": kind}}).eval()
        data = load_data(run_of({"head": {"kind": kind}})).data
        given = [torch.as_tensor(data.mean if mean is None else [mean]), torch.as_tensor(data.std)]
        judge.get_submodule("head.standardize").fill(given[0], given[1] if std is None else torch.tensor([std]))
        return judge

    return make


@pytest.fixture
def facts_of_model(run_of: Callable[..., RunSpec]) -> Callable[..., Facts]:
    """Evaluation and codebook measures of a model and its judges on the test split."""

    def ask(model: ZooModel, judges: Mapping[str, ZooModel] | None = None) -> Facts:
        data, judges = load_data(run_of(model.spec.dump())), judges or {}
        names = data.data.classes
        networks = {name: NetworkJudge(judge, f"runs/{name}") for name, judge in judges.items()}
        evaluation = Evaluation(model, names, len(data.data.test), networks)
        for batch in data.test_dataloader():
            evaluation.update(model(batch.x, batch.mask, batch.y), batch)
        measured = measure(model, _windows(data), names)
        standards = [standard_of(name, judge) for name, judge in judges.items()]
        return Facts(
            curve=Curve(),
            evaluation=evaluation.report(),
            codebook=measured.report,
            data=DataFacts.of(data.data),
            standards=tuple(standard for standard in standards if standard is not None),
        )

    return ask


def _windows(data: ZooData) -> Windows:
    test = list(data.test_dataloader())
    return Windows(
        "test",
        test,
        [batch._replace(x=batch.x[:8], y=batch.y[:8]) for batch in test[:1]],
        list(data.train_dataloader()),
    )
