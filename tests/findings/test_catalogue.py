"""A catalogue of models broken on purpose: each gets exactly its own warning, and a sound model none."""

import warnings
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import PUBLISHED
from zoo_registry import TrainingError, ZooNote

from zoo.codebook.measure_run import measure_run
from zoo.data.leaks import Leaks
from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.findings.curve import Curve
from zoo.findings.facts import Facts
from zoo.findings.find import find
from zoo.findings.gather import facts_of
from zoo.findings.shapes import draw_shapes
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_json
from zoo.training.fit import train

SHAPES = {
    "encoder": {"kind": "vqshape.encoder", **PUBLISHED, "patches": 16, "tokens": 2, "dim": 32, "heads": 2, "layers": 1,
                "tokenizer_heads": 2, "tokenizer_layers": 1, "dropout": 0.0, "mask_ratio": 0.0},
    "quantizer": {"kind": "vqshape.codebook", "codes": 8},
    "decoder": {"kind": "vqshape.decoder", "dim": 32, "heads": 2, "layers": 1, "dropout": 0.0, "shape_samples": 32,
                "smooth": 1},
}  # fmt: skip
CONV = {"encoder": {"kind": "conv.encoder", "dim": 16}, "decoder": {"kind": "conv.decoder", "dim": 16}}
WEIGHTS = ("weak-term", "dominant-term", "divergence", "classifier-shortcut")


def names(facts: Facts) -> list[str]:
    return [finding.name for finding in find(facts)]


@pytest.fixture
def easy(folder: Path) -> None:
    """One wave per class over the whole window, in any phase, instead of four with offsets."""
    rng, time = np.random.default_rng(0), np.linspace(0, 1, 64)
    for split, count in (("train", 96), ("test", 48)):
        turn = (2 * time + rng.uniform(0, 1, (count, 1))) % 1
        waves = np.stack([np.sin(2 * np.pi * turn), np.sin(4 * np.pi * turn), 2 * turn - 1])
        x = waves[np.arange(count) % 3, np.arange(count)] + rng.normal(0, 0.05, (count, 64))
        np.save(folder / f"X_{split}.npy", x[:, None].astype(np.float32))


def notes_of(run, path) -> list[str]:
    """The notes that a training prints."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(run, path, quiet=True)
    return [str(note.message) for note in caught if issubclass(note.category, ZooNote)]


def test_a_sound_model_with_two_judges_has_no_warning(waves, patchwork, judge_of, facts_of_model):
    assert names(facts_of_model(patchwork(waves.patterns()), {"one": judge_of(), "two": judge_of()})) == []


def test_equal_shapes_are_reported_although_usage_looks_healthy(waves, patchwork, judge_of, facts_of_model):
    facts = facts_of_model(patchwork(waves.patterns(), "waves.one-shape"), {"wave": judge_of()})
    (found,) = find(facts)
    assert found.name == "identical-shapes"
    assert found.sentence.startswith("Usage looks healthy (12 of 12 codes, perplexity ")
    assert "1.0 effective shapes" in found.sentence


@pytest.mark.parametrize(
    ("decoder", "name", "sentence"),
    [
        ("waves.faint", "collapsed-scale", "their deviation is 0.1 times that of the stretches"),
        ("waves.elsewhere", "shapes-fit-nothing", "mean correlation with the stretches they represent is 0.0"),
    ],
)
def test_shapes_that_differ_from_those_of_the_signal(
    waves, patchwork, judge_of, facts_of_model, decoder, name, sentence
):
    facts = facts_of_model(patchwork(waves.patterns(), decoder), {"wave": judge_of()})
    (found,) = find(facts)
    assert (found.name, found.grade) == (name, "grave")
    assert sentence in found.sentence.replace("-0.0", "0.0")
    (again,) = find(replace(facts, codebook=None, drawn=facts.shapes))  # as during training
    assert again == found


def test_a_collapsed_scale_is_reported_at_step_50_of_a_longer_epoch(waves, run_of, tmp_path):
    model = {
        "encoder": {"kind": "waves.patches"},
        "quantizer": {"kind": "quantizers.ema", "codes": 12, "start": "kmeans"},
        "decoder": {"kind": "waves.faint"},
    }
    training = {"epochs": 1, "batch": 1, "phases": [{"learn": ["quantizer"], "weights": {"z": 1}}]}
    notes = [note for note in notes_of(run_of(model, training), tmp_path / "run") if "has collapsed" in note]
    assert len(notes) == 1
    assert notes[0].startswith("step 50: The scale of drawn shapes has collapsed")


@pytest.mark.parametrize(("decoder", "flagged"), [("waves.faint", True), ("waves.patchwork", False)])
def test_a_collapsed_scale_is_reported_after_every_epoch_from_step_50_on(waves, run_of, tmp_path, decoder, flagged):
    model = {
        "encoder": {"kind": "waves.patches"},
        "quantizer": {"kind": "quantizers.ema", "codes": 12, "start": "kmeans"},
        "decoder": {"kind": decoder},
    }
    training = {"epochs": 30, "batch": 32, "phases": [{"learn": ["quantizer"], "weights": {"z": 1}}]}
    notes = [note for note in notes_of(run_of(model, training), tmp_path / "run") if "has collapsed" in note]
    assert len(notes) == flagged
    rows = Curve.read(RunFolder(tmp_path / "run").metrics).epochs
    scales = [row.values[name] for row in rows[-3:] for name in ("train/scale", "val/scale")]
    assert [scale < 0.2 for scale in scales] == [flagged] * 6


def test_shapes_drawn_during_training_are_those_of_the_report(waves, patchwork, facts_of_model):
    line = torch.linspace(-1.6, 1.6, waves.PATCH)
    for codes in (waves.patterns(), torch.stack([line, -line, line**2])):
        model = patchwork(codes)
        facts = facts_of_model(model)
        (drawn,), (reported,) = draw_shapes(model, facts.usages), facts.shapes
        assert drawn.usage == reported.usage
        assert astuple(drawn)[1:] == pytest.approx(astuple(reported)[1:])


def test_half_of_the_codes_dead(waves, patchwork, judge_of, facts_of_model):
    codes = torch.cat([waves.patterns(), 100 + waves.patterns()])
    (found,) = find(facts_of_model(patchwork(codes), {"wave": judge_of()}))
    assert found.name == "dead-codes"
    assert found.sentence.startswith("12 of 24 codes are never used")


def test_straight_lines_as_shapes(waves, patchwork, facts_of_model):
    line = torch.linspace(-1.6, 1.6, waves.PATCH)
    found = {finding.name: finding for finding in find(facts_of_model(patchwork(torch.stack([line, -line]))))}
    assert found["flat-shapes"].sentence == (
        "2 of 2 used codes, 100 % of tokens, draw shapes that a straight line fits as well."
    )


@pytest.mark.parametrize(("share", "flagged"), [(0.51, True), (0.49, False)])
def test_half_of_the_tokens_must_be_straight_lines(waves, patchwork, facts_of_model, share, flagged):
    facts = facts_of_model(patchwork(waves.patterns()))
    book = facts.codebook.books[0]
    changed = book.model_copy(update={"shapes": book.shapes.model_copy(update={"flat_share": share})})
    facts = replace(facts, codebook=facts.codebook.model_copy(update={"books": (changed,)}))
    assert ("flat-shapes" in names(facts)) == flagged


def test_a_decoder_that_ignores_codes(waves, patchwork, facts_of_model):
    (found,) = find(facts_of_model(patchwork(waves.patterns(), "waves.steps")))
    assert found.name == "decoder-bypass"
    assert "100 % of the gain" in found.sentence


def test_a_class_that_the_codebook_cannot_draw_is_lost(waves, patchwork, judge_of, facts_of_model):
    (found,) = find(facts_of_model(patchwork(waves.patterns()[:8]), {"wave": judge_of()}))
    assert found.name == "class-lost"
    assert "2 (0 of 16 windows, 16 on raw signals)" in found.sentence


def test_a_class_not_recognised_in_raw_signals_either_is_hard(waves, patchwork, judge_of, facts_of_model):
    (found,) = find(facts_of_model(patchwork(waves.patterns()), {"deaf": judge_of("waves.deaf")}))
    assert (found.name, found.grade) == ("class-hard", "note")
    assert "2 (0 of 16 windows, 0 on raw signals)" in found.sentence


def test_a_judge_that_cannot_read_raw_signals(waves, patchwork, judge_of, facts_of_model):
    facts = facts_of_model(patchwork(waves.patterns()), {"fixed": judge_of("waves.fixed")})
    assert names(facts) == ["blind-judge"]


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (5.0, 10.0), (8.0, None)])
def test_a_judge_trained_in_other_units(waves, patchwork, judge_of, facts_of_model, mean, std):
    judge = judge_of(mean=mean, std=std)
    (found,) = find(facts_of_model(patchwork(waves.patterns()), {"wave": judge}))
    assert found.name == "wrong-normalisation"
    assert ("it was trained on standardised data" in found.sentence) == ((mean, std) == (0.0, 1.0))


def test_data_that_were_already_standardised_are_standardised_twice(waves, folder, patchwork, judge_of, facts_of_model):
    judge = judge_of()
    for split in ("train", "test"):
        x = np.load(folder / f"X_{split}.npy")
        np.save(folder / f"X_{split}.npy", (x - 5) / 1.56)
    (found,) = find(facts_of_model(patchwork(waves.patterns()), {"wave": judge}))
    assert found.name == "wrong-normalisation"
    assert "standardised a second time" in found.sentence


def test_people_in_training_and_test(waves, folder, patchwork, judge_of, facts_of_model):
    np.save(folder / "subject_test.npy", np.load(folder / "subject_test.npy") - 100)
    (found,) = find(facts_of_model(patchwork(waves.patterns()), {"wave": judge_of()}))
    assert found.name == "shared-subjects"
    assert "share 8 subjects" in found.sentence


def test_windows_in_training_and_test(waves, folder, patchwork, judge_of, facts_of_model):
    test, train = np.load(folder / "X_test.npy"), np.load(folder / "X_train.npy")
    test[:7] = train[:7]
    np.save(folder / "X_test.npy", test)
    (found,) = find(facts_of_model(patchwork(waves.patterns()), {"wave": judge_of()}))
    assert (found.name, found.grade) == ("leaked-windows", "grave")
    assert found.sentence.startswith("7 of 48 test windows are also in training")


def test_a_leak_without_effect_on_scores_is_a_warning_and_so_is_one_into_validation(waves, patchwork, facts_of_model):
    facts = facts_of_model(patchwork(waves.patterns()))
    large = facts.data.model_copy(update={"leaks": Leaks(9, 2), "test": 1000, "validation": 500})
    found = [(finding.name, finding.grade) for finding in find(replace(facts, data=large))]
    assert {("leaked-windows", "warning"), ("leaked-validation", "warning")} <= set(found)
    graver = large.model_copy(update={"leaks": Leaks(10, 0)})
    assert find(replace(facts, data=graver))[0].grade == "grave"


@pytest.mark.parametrize(("leaks", "grade"), [(Leaks(0, 0, 9), "warning"), (Leaks(0, 0, 0, 9), "warning"),
                                              (Leaks(0, 0, 10, 9), "grave"), (Leaks(0, 0), None)])  # fmt: skip
def test_overlapping_windows_are_grave_if_they_can_move_the_score(waves, patchwork, facts_of_model, leaks, grade):
    facts = facts_of_model(patchwork(waves.patterns()))
    data = facts.data.model_copy(update={"leaks": leaks, "test": 1000, "validation": 500})
    found = [finding for finding in find(replace(facts, data=data)) if finding.name == "overlapping-windows"]
    assert [finding.grade for finding in found] == [grade] * (grade is not None)
    assert all(("9 of 500 validation" in finding.sentence) == (leaks.validation_overlaps > 0) for finding in found)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({"x": 1, "s": 1}, None),
        ({"x": 1, "s": 1, "z": 0.5}, "weak-term"),
        ({"x": 1, "s": 20}, "dominant-term"),
        ({"x": 1, "s": 1, "z": {"start": 0, "end": 50, "over": 50}}, None),
    ],
)
def test_terms_with_too_little_or_too_much_weight(run_of, tmp_path, weights, expected):
    training = {"epochs": 2, "batch": 32, "optimizer": {"kind": "adamw", "lr": 1e-5}}
    training["phases"] = [{"length": 50, "weights": weights}]
    folder = train(run_of(SHAPES, training), tmp_path / "run", quiet=True)
    found = [finding for finding in find(facts_of(folder.path)) if finding.name in WEIGHTS]
    assert [finding.name for finding in found] == ([expected] if expected else [])
    for finding in found:
        assert "training.phases.0.weights." in finding.remedy


def test_random_labels_give_accuracy_at_the_majority_rate(folder, run_of, tmp_path):
    for split, seed in (("train", 1), ("test", 2)):
        y = np.load(folder / f"y_{split}.npy")
        np.save(folder / f"y_{split}.npy", np.random.default_rng(seed).permutation(y))
    run = run_of({"head": {"kind": "wrn.signal", "depth": 10}}, {"epochs": 4, "batch": 16})
    assert any("no better than always predicting" in note for note in notes_of(run, tmp_path / "run"))
    stored = read_json(RunFolder(tmp_path / "run").findings)
    assert [finding["name"] for finding in stored["findings"]] == ["majority-rate"]
    assert "majority" in stored["headline"]


def test_a_diverging_loss_is_reported_at_once_and_only_once(run_of, tmp_path):
    training = {
        "epochs": 10,
        "batch": 16,
        "clip": None,
        "optimizer": {"kind": "adamw", "lr": 3, "weight_decay": 0},
        "schedule": {"kind": "cosine", "warmup": 0.98},
        "phases": [{"weights": {"x": 1}}],
    }
    notes = notes_of(run_of(CONV, training), tmp_path / "run")
    assert sum("Training diverges" in note for note in notes) == 1


def test_a_loss_that_is_not_finite_is_kept_in_the_verdict(run_of, tmp_path):
    training = {"epochs": 3, "batch": 16, "optimizer": {"kind": "sgd", "lr": 1e5}, "clip": None}
    with pytest.raises(TrainingError):
        train(run_of(CONV, training), tmp_path / "run", quiet=True)
    stored = read_json(RunFolder(tmp_path / "run").findings)
    assert stored["findings"][0]["name"] == "divergence"
    assert "epoch 0" in stored["findings"][0]["sentence"]


def test_a_finding_that_no_longer_holds_is_reported_as_resolved(run_of, tmp_path):
    wait = {"name": "wait", "length": 6, "learn": [], "measure": True}
    phases = [wait, {"name": "learn", "length": 12}]
    training = {"epochs": 18, "batch": 16, "optimizer": {"kind": "adamw", "lr": 0.01}, "phases": phases}
    first, last = notes_of(run_of({"head": {"kind": "wrn.signal", "depth": 10}}, training), tmp_path / "run")
    assert first.startswith("epoch 5: The model's own head classifies ")
    assert last.endswith("finding majority-rate is resolved")
    assert read_json(RunFolder(tmp_path / "run").findings)["findings"] == []


@pytest.mark.slow
def test_a_signal_trained_only_for_the_classifier_is_distinguished_from_a_reconstruction(run_of, tmp_path):
    phases = [
        {"name": "rebuild", "length": 8, "learn": ["encoder", "decoder"], "weights": {"x": 1}},
        {"name": "feed", "length": 12, "weights": {"ce": 1}},
    ]
    model = CONV | {"head": {"kind": "wrn.recon", "depth": 10}}
    training = {"epochs": 20, "batch": 16, "optimizer": {"kind": "adamw", "lr": 0.005}, "phases": phases}
    folder = train(run_of(model, training), tmp_path / "run", quiet=True)
    assert [finding.name for finding in find(facts_of(folder.path)) if finding.name in WEIGHTS] == [
        "classifier-shortcut"
    ]


def test_equal_shapes_are_reported_during_training(waves, run_of, tmp_path):
    model = {
        "encoder": {"kind": "waves.patches"},
        "quantizer": {"kind": "quantizers.ema", "codes": 4},
        "decoder": {"kind": "waves.one-shape"},
    }
    training = {"epochs": 4, "batch": 32, "phases": [{"learn": ["quantizer"], "weights": {"z": 1}}]}
    notes = notes_of(run_of(model, training), tmp_path / "run")
    assert sum("nearly identical" in note for note in notes) == 1
    assert any(note.startswith("epoch 2") and "nearly identical" in note for note in notes)


@pytest.mark.slow
def test_a_sound_run_has_no_warning_during_training_or_at_the_end(easy, run_of, tmp_path):
    # Four seeds of this model stay far from every threshold; small codebooks of shapes collapse with some seeds,
    # and a sum taken in another order on another machine is enough to change which.
    training = {
        "epochs": 30,
        "batch": 16,
        "optimizer": {"kind": "adamw", "lr": 0.005},
        "phases": [{"weights": {"x": 1}}],
    }
    run = run_of(CONV | {"quantizer": {"kind": "quantizers.fsq", "levels": [3, 3]}}, training)
    assert notes_of(run, tmp_path / "run") == []
    folder = RunFolder(tmp_path / "run")
    judge_run(open_run(folder))
    measure_run(open_run(folder))
    assert find(facts_of(folder.path)) == []
