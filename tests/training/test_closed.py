"""A closed-form phase of a linear head: inputs, solution, unchanged parts, records, and refusals."""

from typing import Any

import lightning as L
import numpy as np
import pytest
import torch
from processes_pair import train_pair
from small_runs import SHAPES, SIGNAL
from stopped import differing, rows, stopped_and_resumed, weights
from torch import nn
from zoo_registry import Registry, SpecError, ZooNote

from zoo.contracts import LinearHead
from zoo.data.batch import batches
from zoo.linear import fit_linear
from zoo.training.data import load_data
from zoo.training.fit import prepare, train

SOLVE = {"name": "read", "learn": ["head"], "fit": "closed"}
RECONSTRUCT = {"length": 2, "learn": ["encoder", "quantizer", "decoder"], "weights": {"x": 1, "z": 1, "s": 1}}
REGISTRY = Registry.discover()
HEADS = [kind for kind in REGISTRY.kinds("head") if REGISTRY.find(kind, "head").linear]
pytestmark = pytest.mark.filterwarnings("ignore::zoo_registry.errors.ZooNote")


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("batch", [6, 23])
def test_the_head_gets_the_solution_for_all_training_windows(run_of, tmp_path, kind, batch):
    """24 windows in batches of 23: Lightning's epoch omits the last one, the solution does not."""
    run = run_of(SHAPES | {"head": {"kind": kind}}, {"epochs": 1, "batch": batch, "phases": [SOLVE]})
    folder = train(run, tmp_path / "run", quiet=True)
    data = load_data(run).data
    model = prepare(run.with_input(data.input), load_data(run)).model.eval()
    assert isinstance(model.head, LinearHead)
    (every,) = batches(data.train, np.arange(24), 24, torch.device("cpu"))
    with torch.no_grad():
        features = model.head.features(model(every.x, every.mask))
    expected = fit_linear(features, every.y, 3, None, model.head.blocks)
    found, start = weights(folder), model.state_dict()
    torch.testing.assert_close(found["head.classify.weight"], expected.weight.float(), rtol=1e-3, atol=1e-4)
    for name, value in found.items():
        if not name.startswith("head."):
            assert torch.equal(value, start[name]), name
    (row,) = rows(folder)
    assert float(row["closed/alpha"]) == pytest.approx(expected.alpha)
    assert (int(row["closed/held-out.correct"]), row["closed/held-out.total"]) == (expected.correct, "24")
    scores = features.double() @ expected.weight.T + expected.bias
    if batch == 6:
        assert int(row["train/correct"]) == int((scores.argmax(-1) == every.y).sum())
        assert float(row["train/ce"]) == pytest.approx(
            float(torch.nn.functional.cross_entropy(scores, every.y)), rel=1e-4
        )
    assert float(row["train/ce.weighted"]) == pytest.approx(float(row["train/ce"]))


def test_windows_that_splits_keep_together_are_held_out_together(spec_of, tmp_path, windows):
    for name, count in (("train", 30), ("test", 12)):
        np.save(windows / f"trial_{name}.npy", np.arange(count) // 3)
    spec = spec_of(SHAPES, {"epochs": 1, "phases": [SOLVE]})
    spec["data"]["source"]["group"] = "trial"
    run, wanted = REGISTRY.run(spec), r"phase read: ridge solved, alpha \S+: \d+/24 training windows .* in 8 groups"
    with pytest.warns(ZooNote, match=wanted):
        train(run, tmp_path / "run", quiet=True)


def test_it_takes_one_pass_over_training_and_one_over_validation(run_of, tmp_path):
    seen: list[tuple[bool, int]] = []

    class Count(L.Callback):
        def on_fit_start(self, trainer: L.Trainer, pl_module: Any) -> None:
            pl_module.model.head.register_forward_hook(
                lambda module, given, logits: seen.append((trainer.validating, len(logits)))
            )

    train(run_of(SHAPES, {"epochs": 1, "phases": [SOLVE]}), tmp_path / "run", quiet=True, hooks=[Count()])
    assert sum(count for _, count in seen) == 24 + 6


@pytest.mark.slow
def test_a_stopped_run_resumes_to_the_same_solution(run_of, tmp_path):
    run = run_of(SHAPES, {"epochs": 6, "phases": [RECONSTRUCT, SOLVE]})
    whole = train(run, tmp_path / "whole", quiet=True)
    stopped = stopped_and_resumed(run, tmp_path / "stopped", 3)
    assert differing(whole, stopped) == []
    found = [{k: v for k, v in row.items() if k != "seconds"} for row in rows(stopped)]
    assert found == [{k: v for k, v in row.items() if k != "seconds"} for row in rows(whole)]
    assert [row["closed/alpha"] != "" for row in found] == [False, False, True] * 2


@pytest.mark.parametrize(
    "extra",
    [{"training": {"accumulate": 3}}, {"trainer": {"precision": "bf16-mixed"}}, {"trainer": {"precision": "64-true"}}],
    ids=["accumulate", "bf16", "float64"],
)
def test_accumulation_and_precision_change_little(run_of, tmp_path, extra):
    phases = {"epochs": 1, "phases": [SOLVE]}
    plain = train(run_of(SHAPES, phases), tmp_path / "plain", quiet=True)
    other = train(
        run_of(SHAPES, phases | extra.get("training", {}), trainer=extra.get("trainer", {})),
        tmp_path / "other",
        quiet=True,
    )
    one, two = (int(rows(folder)[0]["closed/held-out.correct"]) for folder in (plain, other))
    assert abs(one - two) <= 2
    assert int(rows(other)[0]["train/correct"]) >= int(rows(plain)[0]["train/correct"]) - 1


def test_gradient_training_continues_from_the_solution(run_of, tmp_path):
    """Running statistics are then constant; otherwise the head would read other features."""
    fine = {"learn": ["head"], "weights": {"ce": 1}}
    phases = {"epochs": 3, "phases": [SOLVE, {**fine, "length": 2}], "optimizer": {"kind": "sgd", "lr": 1e-7}}
    found = rows(train(run_of(SHAPES, phases), tmp_path / "run", quiet=True))
    assert float(found[2]["train/ce"]) == pytest.approx(float(found[0]["train/ce"]), rel=1e-2)
    assert float(found[2]["val/ce"]) == pytest.approx(float(found[0]["val/ce"]), rel=1e-2)


def test_statistics_learned_before_are_used_unchanged(run_of, tmp_path):
    learn = {"learn": ["head"], "weights": {"ce": 1}}
    folder = train(run_of(SHAPES, {"epochs": 2, "phases": [learn, SOLVE]}), tmp_path / "run", quiet=True)
    solved = train(run_of(SHAPES, {"epochs": 1, "phases": [SOLVE]}), tmp_path / "solved", quiet=True)
    one, two = rows(folder)[1], rows(solved)[0]
    assert float(one["train/ce"]) == pytest.approx(float(two["train/ce"]), rel=1e-3)
    assert one["closed/held-out.correct"] == two["closed/held-out.correct"]


@pytest.mark.slow
def test_a_compiled_model_gives_the_same(run_of, tmp_path, monkeypatch):
    """Traced as by any compiler backend, and then run without one."""
    compiled = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda module: compiled(module, backend="eager"))
    phases = {"epochs": 1, "phases": [SOLVE]}
    plain = train(run_of(SHAPES, phases), tmp_path / "plain", quiet=True)
    other = train(run_of(SHAPES, phases, trainer={"compile": True}), tmp_path / "other", quiet=True)
    assert rows(plain)[0]["closed/held-out.correct"] == rows(other)[0]["closed/held-out.correct"]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_solve_as_one(run_of, spec_of, tmp_path, strategy):
    phases = {"epochs": 3, "phases": [SOLVE, {"learn": ["decoder"], "weights": {"x": 1}}, SOLVE | {"name": "again"}]}
    one = train(run_of(SHAPES, phases | {"batch": 8}), tmp_path / "one", quiet=True)
    trainer = {"accelerator": "cpu", "devices": 2, "strategy": strategy}
    two = train_pair(spec_of(SHAPES, phases | {"batch": 4}, trainer=trainer), tmp_path / "two")
    for here, there in zip(rows(one), rows(two), strict=True):
        for name in ("closed/alpha", "closed/held-out.correct", "train/correct", "val/head.correct"):
            assert here[name] == there[name], name
        assert float(here["train/ce"]) == pytest.approx(float(there["train/ce"]), rel=1e-4)
    for name in ("head.classify.weight", "head.classify.bias"):  # dropout differs where the decoder learns
        torch.testing.assert_close(weights(two)[name], weights(one)[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("model", "phases", "epochs", "message"),
    [
        (SHAPES, [SOLVE | {"learn": None}], 1, r'phases\.0\.learn: expected \["head"\].*found null'),
        (SHAPES, [SOLVE | {"learn": ["head", "decoder"]}], 1, r'phases\.0\.learn: expected \["head"\]'),
        (SHAPES, [SOLVE | {"learn": ["head.classify"]}], 1, r'phases\.0\.learn: expected \["head"\]'),
        (SIGNAL, [SOLVE], 1, r"only a linear head has a closed form, found wrn\.signal"),
        (SHAPES, [SOLVE | {"every": "batch"}, {}], 2, r"expected 1 epoch where fit is closed, found 1 batch;"),
        (
            SHAPES,
            [RECONSTRUCT | {"every": "batch"}, SOLVE],
            2,
            r"phases\.0\.every: expected epoch, as a .* whole epochs",
        ),
        (SHAPES, [SOLVE | {"length": 3}], 3, "expected 1 epoch where fit is closed, found 3 epochs"),
        (SHAPES, [SOLVE], 2, r"training\.epochs: expected 1, as all phases are closed, found 2"),
        (SHAPES, [{"closed": {"method": "logistic"}}], 1, r"phases\.0\.closed: .*set fit: closed"),
        (SHAPES, [SOLVE | {"closed": {"alphas": []}}], 1, r"phases\.0\.closed\.alphas"),
        (SHAPES, [SOLVE | {"closed": {"alphas": [0]}}], 1, r"phases\.0\.closed\.alphas"),
        (SHAPES, [SOLVE | {"measure": True, "learn": []}], 1, r'expected \["head"\] where fit is closed'),
    ],
)
def test_phases_without_a_closed_form_are_refused_in_one_line(run_of, model, phases, epochs, message):
    with pytest.raises(SpecError, match=message) as caught:
        run_of(model, {"epochs": epochs, "phases": phases})
    assert "\n" not in str(caught.value)


def test_logistic_takes_its_options_from_the_phase(run_of, tmp_path):
    closed = {"method": "logistic", "alphas": [0.01, 0.1]}
    run = run_of(SHAPES, {"epochs": 1, "phases": [SOLVE | {"closed": closed}]})
    with pytest.warns(ZooNote, match=r"logistic solved, alpha 0\.\d+, an end of the grid: .* when held out in folds"):
        folder = train(run, tmp_path / "run", quiet=True)
    assert float(rows(folder)[0]["closed/alpha"]) in (0.01, 0.1)


def test_a_model_without_weights_is_accepted(run_of, tmp_path):
    model = {
        "encoder": {"kind": "vqshape.encoder", "readout": "identity", "tokens": 5, "samples": 8},
        "quantizer": {"kind": "quantizers.ema", "codes": 6, "start": "kmeans"},
        "decoder": {"kind": "vqshape.renderer", "shape": "code"},
        "head": {"kind": "heads.token-linear"},
    }
    learn = {"learn": ["encoder", "quantizer", "decoder"], "weights": {"x": 1, "z": 1}, "length": 2}
    folder = train(run_of(model, {"epochs": 3, "phases": [learn, SOLVE]}), tmp_path / "run", quiet=True)
    assert [row["phase"] for row in rows(folder)] == ["train", "train", "read"]
    assert int(rows(folder)[-1]["train/correct"]) > 12
