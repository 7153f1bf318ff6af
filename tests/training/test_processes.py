"""Two processes train as one with batches twice as large, end together, and resume where they were stopped."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from processes_pair import record, record_pair
from small_runs import SHAPES, SIGNAL
from zoo_registry import DataError, Registry, SpecError, TrainingError

import zoo
from zoo.data.prepare import prepare
from zoo.runs.metrics import MetricsFile
from zoo.teachers.logits_file import LogitsFile
from zoo.training.fit import train

REGISTRY = Registry.discover()
QUANTIZERS = REGISTRY.kinds("quantizer")
BATCH, STEPS = 4, 5
SGD = {"kind": "sgd", "lr": 0.02, "momentum": 0.9}
EXACT = {"epochs": 1, "optimizer": SGD, "schedule": {"kind": "cosine", "warmup": 0}, "seed": 3}
PHASES = [
    {"name": "head", "learn": ["head"], "weights": {"ce": 1}, "every": "batch"},
    {"name": "all", "every": "batch"},
    {"name": "measure", "learn": [], "measure": True, "every": "batch"},
    {"name": "rest", "learn": ["encoder", "quantizer", "decoder"], "weights": {"x": 1, "z": 1}, "every": "batch"},
    {"name": "decoder", "learn": ["decoder"], "every": "batch"},
]
"""What learns at the end is not what learns in between: gradients of all must be brought together nevertheless."""

LEARNING = [phase for phase in PHASES if phase["name"] != "measure"]


def model(kind: str, **options: Any) -> dict[str, Any]:
    """Batch norm, in the head, reads what was rebuilt from the codes."""
    return {
        "encoder": {"kind": "conv.encoder", "dim": 8},
        "quantizer": {"kind": kind, **options},
        "decoder": {"kind": "conv.decoder", "dim": 8},
        "head": {"kind": "wrn.recon", "depth": 10},
    }


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **{kind: (model(kind), {}) for kind in QUANTIZERS},
    "phases": (model("quantizers.ema"), {"phases": PHASES}),
    "accumulate": (model("quantizers.ema"), {"accumulate": 2, "epochs": 2}),
    "clip": (model("vqshape.codebook"), {"clip": 0.01}),
    "fsdp": (model("vqshape.codebook", start="kmeans"), {"phases": LEARNING, "clip": 0.5}),
    "teachers": (SIGNAL, {"phases": [{"weights": {"ce": 0.5, "kd": 0.5}}]}),
}
EXACTLY = {"precision": "64-true"}
SPREAD = {"strategy": "fsdp", "precision": "32-true"}


def data_of(data: Path) -> dict[str, Any]:
    source = {"kind": "data.npy", "path": str(data), "layout": "c t"}
    return {"source": source, "split": {"validation": 11 / 51}}


def run_of(data: Path, case: str, processes: int) -> dict[str, Any]:
    parts, training = CASES[case]
    taught = {"teachers": {"t": str(data / "logits.npz")}, "distill": [{"kind": "distill.logits"}]}
    return {
        "model": parts,
        "data": data_of(data),
        **(taught if case == "teachers" else {}),
        "training": EXACT | {"batch": BATCH * 2 // processes} | training,
        "trainer": {"accelerator": "cpu", "devices": processes, **(SPREAD if case == "fsdp" else EXACTLY)},
        "evaluation": {"batch": 6 // processes},
    }


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 windows: 40 make five batches of 8; of 11 for validation and test one process gets one more."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("waves")
    for name, count in (("train", STEPS * 2 * BATCH + 11), ("test", 11)):
        y = np.arange(count) % 3
        time, phase = np.linspace(0, 1, 40), rng.uniform(0, 6, (count, 2, 1))
        x = np.sin(2 * np.pi * (1 + y[:, None, None]) * time + phase) + 0.1 * rng.normal(size=(count, 2, 40))
        np.save(folder / f"X_{name}.npy", x.astype(np.float32))
        np.save(folder / f"y_{name}.npy", y)
    found = prepare(REGISTRY.data(data_of(folder)))
    logits = rng.normal(size=(len(found.train), 3)).astype(np.float32)
    LogitsFile(logits, found.classes, found.fingerprint).write(folder / "logits.npz")
    return folder


@pytest.fixture(scope="module")
def pair(waves: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes, started by torchrun, trained every case in sequence."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "runs.json").write_text(json.dumps({case: run_of(waves, case, 2) for case in CASES}))
    record_pair(folder)
    return folder


@pytest.fixture(scope="module")
def alone(waves: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same cases, each trained by this process."""
    folder = tmp_path_factory.mktemp("alone")
    for case in CASES:
        record(REGISTRY.run(run_of(waves, case, 1)), folder / case)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_as_one_with_twice_the_batch(pair, alone, case):
    one = torch.load(alone / case / "0.pt")
    first, second = (torch.load(pair / case / f"{rank}.pt") for rank in range(2))
    together = [[*a, *b] for a, b in zip(first["windows"], second["windows"], strict=True)]
    assert list(map(sorted, together)) == list(map(sorted, one["windows"]))
    assert len(one["losses"]) >= STEPS
    np.testing.assert_allclose(first["losses"], one["losses"], rtol=1e-5, atol=1e-5)
    for name, value in one["weights"].items():
        assert torch.equal(first["weights"][name], second["weights"][name]), f"{name} differs between the processes"
        torch.testing.assert_close(first["weights"][name], value, rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_processes_report_the_same_as_one(pair, alone, case):
    """Counts are equal, means within rounding: no window is counted twice or omitted."""
    here, there = (MetricsFile(folder / case / "run" / "metrics.csv").rows() for folder in (pair, alone))
    for row, other in zip(here, there, strict=True):
        assert row["val/head.total"] == "11"
        # Without gradients each process takes the entropy of its own batch.
        apart = {"val/z", "val/z.entropy"} if "val/z.entropy" in row else set()
        for name in row.keys() - {"seconds"} - apart:
            same = pytest.approx(float(other[name]), rel=1e-5, abs=1e-5) if name != "phase" else other[name]
            assert (float(row[name]) if name != "phase" else row[name]) == same, name


@pytest.mark.slow
def test_a_mistake_found_by_the_processes_is_raised_where_they_were_started(run_of, tmp_path, windows):
    x = np.load(windows / "X_train.npy")
    x[0, 0, 0] = np.inf
    np.save(windows / "X_train.npy", x)
    with pytest.raises(DataError, match="an infinite one"):
        train(run_of(SIGNAL, {}, trainer={"accelerator": "cpu", "devices": 2}), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        ({"accelerator": "cpu", "nodes": 2}, "trainer.nodes: expected processes started by torchrun or srun"),
        pytest.param(
            {"accelerator": "gpu"},
            "trainer.accelerator: expected a GPU, found none",
            marks=pytest.mark.skipif(torch.accelerator.is_available(), reason="there is one"),
        ),
    ],
)
def test_missing_devices_or_processes_are_refused_before_a_folder_is_created(run_of, tmp_path, trainer, message):
    with pytest.raises(TrainingError, match=message):
        train(run_of(SIGNAL, {}, trainer=trainer), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_another_number_of_processes_than_in_the_spec_is_refused(run_of, tmp_path, monkeypatch):
    variables = {"TORCHELASTIC_RUN_ID": "it", "WORLD_SIZE": "3", "RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TrainingError, match="expected 2 processes, devices times nodes, found 3 started"):
        train(run_of(SIGNAL, {}, trainer={"accelerator": "cpu", "devices": 2}), tmp_path / "run", quiet=True)


@pytest.mark.parametrize(
    "field", [{"precision": "8-true"}, {"devices": 0}, {"devices": "all"}, {"strategy": "horovod"}]
)
def test_an_invalid_trainer_is_refused(run_of, field):
    with pytest.raises(SpecError, match=f"trainer.{next(iter(field))}"):
        run_of(SIGNAL, {}, trainer=field)


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true"])
def test_every_precision_trains_and_leaves_a_bundle_in_float32(run_of, tmp_path, precision):
    folder = train(run_of(SHAPES, {}, trainer={"precision": precision}), tmp_path / "run", quiet=True)
    assert {v.dtype for v in zoo.load(folder.bundle).state_dict().values() if v.is_floating_point()} == {torch.float32}
