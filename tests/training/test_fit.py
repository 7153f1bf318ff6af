"""Training into a run folder: learning, freezing, written files, refusals."""

import json

import numpy as np
import pytest
import torch
from small_runs import SHAPES, SIGNAL
from stopped import rows, weights
from zoo_registry import DataError, Registry, SpecError, TrainingError, ZooError

from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.runs.folder import RunFolder
from zoo.training.data import load_data
from zoo.training.fit import prepare, train

RECONSTRUCT = {"learn": ["encoder", "quantizer", "decoder"], "weights": {"x": 1, "z": 1, "s": 1, "dist": 0.8}}


def differing(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> set[str]:
    """Roles in which any tensor differs by a bit."""
    return {name.partition(".")[0] for name in one if not torch.equal(one[name], other[name])}


def test_frozen_parts_keep_every_bit_and_learning_parts_change(run_of, tmp_path):
    first = train(run_of(SHAPES, {"phases": [RECONSTRUCT]}), tmp_path / "first", quiet=True)
    probe = run_of(
        SHAPES,
        {
            "phases": [{"learn": ["head"], "weights": {"ce": 1, "x": 1}}],
            "optimizer": {"kind": "adamw", "weight_decay": 0.5},
        },
        transfer=[{"source": str(first.bundle)}],
    )
    assert differing(weights(first), weights(train(probe, tmp_path / "probe", quiet=True))) == {"head"}


def test_two_step_epochs_train_every_part_in_turn(run_of, tmp_path):
    classify = {"name": "classify", "learn": ["head"], "weights": {"ce": 1}}
    phases = [RECONSTRUCT | {"every": "batch"}, classify | {"every": "batch"}]
    start = run_of(SHAPES, {"epochs": 1, "phases": [{"learn": [], "measure": True}]})
    measured = train(start, tmp_path / "measured", quiet=True)
    trained = train(run_of(SHAPES, {"phases": phases}), tmp_path / "trained", quiet=True)
    assert differing(weights(measured), weights(trained)) == {"encoder", "quantizer", "decoder", "head"}


def test_a_measuring_phase_changes_nothing(run_of, tmp_path):
    measure = {"epochs": 3, "phases": [{"learn": [], "measure": True}]}
    first = train(run_of(SHAPES, measure | {"epochs": 1}), tmp_path / "first", quiet=True)
    assert differing(weights(first), weights(train(run_of(SHAPES, measure), tmp_path / "more", quiet=True))) == set()


def test_accumulated_half_batches_equal_whole_batches(run_of, tmp_path):
    model = {
        "encoder": {"kind": "conv.encoder", "dim": 8},
        "quantizer": {"kind": "quantizers.ema", "codes": 6},
        "decoder": {"kind": "conv.decoder", "dim": 8},
    }
    whole = train(run_of(model, {"batch": 8}), tmp_path / "whole", quiet=True)
    halves = train(run_of(model, {"batch": 4, "accumulate": 2}), tmp_path / "halves", quiet=True)
    for (name, one), other in zip(weights(whole).items(), weights(halves).values(), strict=True):
        torch.testing.assert_close(one, other, msg=lambda text, name=name: f"{name}: {text}", atol=1e-5, rtol=1e-4)


def test_worker_processes_change_nothing(run_of, tmp_path):
    alone, helped = (
        weights(train(run_of(SHAPES, {}, trainer={"workers": workers}), tmp_path / str(workers), quiet=True))
        for workers in (0, 2)
    )
    assert not differing(alone, helped)


def test_the_fused_optimizer_equals_the_plain_one(run_of):
    run, found = run_of(SHAPES, {}), []
    data = load_data(run)
    run = run.with_input(data.data.input)
    for fused in (True, False):
        model, module, _ = prepare(run, data)
        optimizer = module.configure_optimizers()
        assert optimizer.defaults["fused"]
        optimizer.param_groups[0]["fused"] = fused
        for step in range(5):
            for place, weight in enumerate(model.parameters()):
                weight.grad = torch.cos(torch.arange(weight.numel()) * (place + 1) + step).view_as(weight)
            optimizer.step()
        found.append(model.state_dict())
    torch.testing.assert_close(found[0], found[1], rtol=1e-5, atol=1e-6)


def test_metrics_hold_counts_shares_and_every_term(run_of, tmp_path):
    folder = train(run_of(SHAPES, {"epochs": 3}), tmp_path / "run", quiet=True)
    found = rows(folder)
    assert [int(row["epoch"]) for row in found] == [0, 1, 2]
    for row in found:
        assert row["train/total"] == "24"
        assert row["val/head.total"] == "6"
        assert 0 <= int(row["val/head.correct"]) <= 6
        terms = ("x", "z", "s", "dist", "ce")
        assert sum(float(row[f"train/{term}.share"]) for term in terms) == pytest.approx(1)
        assert float(row["train/z"]) == pytest.approx(0.25 * float(row["train/z.commit"]))


def test_a_run_that_diverges_stops_and_names_the_term(run_of, tmp_path):
    run = run_of(
        SHAPES,
        {
            "optimizer": {"kind": "sgd", "lr": 1e6},
            "clip": None,
            "epochs": 9,
            "schedule": {"kind": "cosine", "warmup": 0},
        },
    )
    with pytest.raises(TrainingError, match=r"epoch \d+, batch \d+: expected finite losses, found \S+ = (nan|inf)"):
        train(run, tmp_path / "run", quiet=True)


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ({"learn": ["decoder.nothing"]}, "'decoder.nothing'; decoder holds"),
        ({"learn": ["fusion"]}, "something that learns"),
    ],
)
def test_a_phase_that_cannot_learn_is_refused_before_a_folder_is_created(run_of, tmp_path, phase, message):
    with pytest.raises(TrainingError, match=message):
        train(run_of(SHAPES | {"fusion": {"kind": "fusion.channelwise"}}, {"phases": [phase]}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_phases_beyond_the_last_epoch_are_refused(run_of, tmp_path):
    with pytest.raises(TrainingError, match="'late' later"):
        train(run_of(SHAPES, {"phases": [{"length": 2}, {"name": "late"}]}), tmp_path / "run", quiet=True)


def test_a_folder_is_never_overwritten_and_resumes_only_its_own_run(run_of, tmp_path, windows):
    folder = train(run_of(SIGNAL, {}), tmp_path / "run", quiet=True)
    with pytest.raises(TrainingError, match="add --resume"):
        train(run_of(SIGNAL, {}), folder.path, quiet=True)
    with pytest.raises(TrainingError, match=r"run\.training\.epochs|training\.epochs: expected 2"):
        train(run_of(SIGNAL, {"epochs": 5}), folder.path, resume=True, quiet=True)
    np.save(windows / "y_train.npy", np.load(windows / "y_train.npy")[::-1])
    with pytest.raises(TrainingError, match="other data"):
        train(run_of(SIGNAL, {}), folder.path, resume=True, quiet=True)


def test_the_run_file_is_a_complete_spec(run_of, tmp_path):
    folder = train(run_of(SIGNAL, {}), tmp_path / "run", quiet=True)
    stored = json.loads(folder.run_file.read_text())
    again = Registry.discover().run(stored["run"])
    assert again.dump() == stored["run"]
    assert again.model.input is not None
    assert again.model.input.classes == 3
    assert stored["plugins"].keys() == {"data", "wrn"}
    assert len(stored["fingerprint"]) == 64


@pytest.mark.slow
def test_a_frozen_wrn_reads_rebuilt_signals_beside_the_judges(run_of, tmp_path):
    signal = train(
        run_of(SIGNAL, {"epochs": 15, "optimizer": {"kind": "adamw", "lr": 0.01}}), tmp_path / "signal", quiet=True
    )
    parts = {
        "transfer": [{"source": str(signal.bundle), "only": ["head"]}],
        "evaluation": {"judges": {"wrn": str(signal.bundle)}},
    }
    recon = SHAPES | {"head": {"kind": "wrn.recon", "depth": 10}}
    folder = train(run_of(recon, {"phases": [RECONSTRUCT]}, **parts), tmp_path / "recon", quiet=True)
    report = judge_run(open_run(folder))
    assert (report.windows, report.majority.correct) == (12, 4)
    assert [score.reader.label for score in report.scores] == ["head", "head on raw", "wrn on raw", "wrn on rebuilt"]
    head, head_on_raw, raw, rebuilt = (score.model_dump(exclude={"reader"}) for score in report.scores)
    assert head == rebuilt
    assert head_on_raw == raw == judge_run(open_run(signal)).head.model_dump(exclude={"reader"})
    judge_run(open_run(folder), "validation")
    assert json.loads((folder.path / "eval.json").read_text())["split"] == "test"
    assert json.loads((folder.path / "eval-validation.json").read_text())["windows"] == 6


def test_eval_refuses_changed_data_and_a_judge_that_reads_no_signals(run_of, tmp_path, windows):
    folder = train(run_of(SHAPES, {"epochs": 1}), tmp_path / "run", quiet=True)
    with pytest.raises(SpecError, match=r"a classifier of signals, found heads\.token-linear"):
        train(run_of(SHAPES, {}, evaluation={"judges": {"it": str(folder.bundle)}}), tmp_path / "b", quiet=True)
    np.save(windows / "X_test.npy", np.load(windows / "X_test.npy") * 2)
    with pytest.raises(DataError, match="other data"):
        judge_run(open_run(folder))
    with pytest.raises(ZooError, match="`zoo train` creates one"):
        judge_run(open_run(RunFolder(tmp_path / "nothing")))


def test_training_only_a_quantizer_without_parameters_is_refused(run_of, tmp_path):
    model = SHAPES | {"quantizer": {"kind": "quantizers.fsq", "levels": [3] * 8}}
    with pytest.raises(TrainingError, match="something that learns"):
        train(run_of(model, {"phases": [{"learn": ["quantizer"]}]}), tmp_path / "run", quiet=True)
