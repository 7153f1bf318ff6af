"""Every registered component learns the same over two processes as in one: parameters, statistics and codes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from processes_pair import record, record_pair
from tiny import REGISTRY, TINY, accepted
from zoo_registry import TextSpec, ZooError, roles_of

Tensors = dict[str, torch.Tensor]

KINDS = [kind for role in roles_of("model") for kind in REGISTRY.kinds(role)]
SERIES = {
    "fusion": "fusion.channelwise",
    "encoder": "conv.encoder",
    "quantizer": "quantizers.ema",
    "decoder": "conv.decoder",
    "head": "heads.token-linear",
}
IMAGE = {"image": "images.gaf", "encoder": "timm.encoder", "quantizer": "quantizers.ema", "head": "heads.token-linear"}
BASES = [SERIES, SERIES | {"encoder": "vqshape.encoder"}, SERIES | {"image": "images.gaf"}, IMAGE]
"""Models that a component may be part of; the first that it fits is taken."""

WORDS = {"0": ["raise the hand", "lower the hand"], "1": ["swing the arm", "step"], "2": ["lie still"]}

SET = {"read": "both", "dropout": 0, "mask_ratio": 0, "start": "kmeans", "reset_after": 2, "levels": 4}
"""Fields of any component: nothing is left out at random, as processes draw apart, and codes start and are reset."""

EPOCHS, STEPS, BATCH = 2, 3, 4
TOLERANCE = 1e-6
"""In float64; sums over processes are taken in another order."""


def component(kind: str) -> dict[str, Any]:
    spec = REGISTRY.find(kind)
    words = {"actions": WORDS} if issubclass(spec, TextSpec) and spec.needs_words else {}
    return {"kind": kind, **accepted(kind, {**TINY, **SET}), **words}


def fits(kinds: dict[str, str]) -> bool:
    size = {"channels": 2, "length": 64, "classes": 3}
    try:
        REGISTRY.model({"input": size, **{role: component(kind) for role, kind in kinds.items()}})
    except ZooError:
        return False
    return True


def covering() -> Iterator[dict[str, str]]:
    """A few models that together contain every registered component."""
    left = set(KINDS)
    for role in roles_of("model"):
        for kind in REGISTRY.kinds(role):
            if kind not in left:
                continue
            found = next(model for base in BASES if fits(model := base | {role: kind}))
            for other in sorted(found.keys() - {role}):
                for swapped in sorted(left & set(REGISTRY.kinds(other))):
                    if fits(model := found | {other: swapped}):
                        found = model
                        break
            left -= set(found.values())
            yield found


MODELS = {" + ".join(kinds.values()): kinds for kinds in covering()}


def run_of(data: Path, kinds: dict[str, str], processes: int) -> dict[str, Any]:
    return {
        "model": {role: component(kind) for role, kind in kinds.items()},
        "data": {"source": {"kind": "data.npy", "path": str(data), "layout": "c t"}, "split": {"validation": 0.25}},
        "training": {
            "epochs": EPOCHS,
            "batch": BATCH // processes,
            "seed": 3,
            "optimizer": {"kind": "sgd", "lr": 0.01},
        },
        "trainer": {"accelerator": "cpu", "devices": processes, "precision": "64-true"},
        "evaluation": {"batch": BATCH // processes},
    }


def write_noise(folder: Path) -> Path:
    """Windows with different means and deviations, so that half of a batch differs from the whole."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, count in (("train", STEPS * BATCH * 4 // 3), ("test", BATCH)):
        x = rng.normal(rng.normal(0, 3, (count, 2, 1)), rng.uniform(0.5, 3, (count, 2, 1)), (count, 2, 64))
        np.save(folder / f"X_{name}.npy", x.astype(np.float32))
        np.save(folder / f"y_{name}.npy", np.arange(count) % 3)
    return folder


@pytest.fixture(scope="module")
def folder(once: Any) -> Path:
    """Records of two processes and of one for every model."""
    return once("covering", record_all)


def record_all(found: Path) -> None:
    noise = write_noise(found / "noise")
    found.joinpath("runs.json").write_text(json.dumps({name: run_of(noise, MODELS[name], 2) for name in MODELS}))
    record_pair(found, EPOCHS - 1)
    for name, kinds in MODELS.items():
        record(REGISTRY.run(run_of(noise, kinds, 1)), found / "alone" / name)


def recorded(folder: Path, kind: str, *places: str) -> Iterator[tuple[Tensors, ...]]:
    """For every model with a component of this kind, its tensors in each of ``places``."""
    for name, kinds in MODELS.items():
        for role in [role for role, found in kinds.items() if found == kind]:
            found = [torch.load(folder / place.format(name))["weights"] for place in places]
            yield tuple({n: v for n, v in tensors.items() if n.startswith(f"{role}.")} for tensors in found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_hold_the_tensors_of_one(folder: Path, kind: str) -> None:
    for first, second, alone in recorded(folder, kind, "{}/0.pt", "{}/1.pt", "alone/{}/0.pt"):
        assert first.keys() == second.keys() == alone.keys()
        for name, value in first.items():
            assert torch.equal(value, second[name]), f"{name} differs between the processes"
            torch.testing.assert_close(value, alone[name], rtol=TOLERANCE, atol=TOLERANCE, msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_resume_to_the_tensors_of_an_uninterrupted_run(folder: Path, kind: str) -> None:
    for rank in range(2):
        for whole, resumed in recorded(folder, kind, f"{{}}/{rank}.pt", f"stopped/{{}}/{rank}.pt"):
            assert whole.keys() == resumed.keys()
            assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []
