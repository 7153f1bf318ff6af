"""Single rules on facts made by hand: their limits, their exceptions, their messages."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from zoo_registry import DataError, Registry, RunSpec, TrainingError

from zoo.evaluation.classification import Classification
from zoo.evaluation.reconstruction import Reconstruction
from zoo.evaluation.report import Agreement, EvalReport, JudgeLoss, Majority
from zoo.evaluation.score import HEAD, Reader, Score, on_raw, on_rebuilt
from zoo.evaluation.usage_report import UsageReport
from zoo.findings.accuracy import majority_rate
from zoo.findings.classes import class_hard, class_lost, class_missed
from zoo.findings.codebook import dead_codes, flat_shapes, identical_shapes
from zoo.findings.curve import Curve
from zoo.findings.facts import Facts
from zoo.findings.find import RULES, find
from zoo.findings.finding import GRADES
from zoo.findings.gather import facts_of
from zoo.findings.losses import divergence, dominant_term, weak_term
from zoo.findings.readers import at_majority
from zoo.findings.reconstruction import flat_reconstruction, no_independent_judge, only_own_head
from zoo.findings.shapes import Shapes
from zoo.findings.verdict import verdict
from zoo.runs.compare import stands_out
from zoo.runs.folder import RunFolder
from zoo.training.fit import train


def scores(correct: int, total: int, reader: Reader = HEAD) -> Score:
    """A score of which only the counts matter."""
    return Score.model_construct(reader=reader, correct=correct, total=total, accuracy=correct / total)


def curve(terms: Sequence[dict[str, float]], weights: dict[str, float]) -> Facts:
    """One epoch for each raw value of every term, all with equal weight."""
    rows = []
    for epoch, raw in enumerate(terms):
        total = sum(abs(weights[name] * value) for name, value in raw.items())
        row: dict[str, Any] = {"epoch": epoch, "phase": "train"}
        for name, value in raw.items():
            row[f"train/{name}"] = value
            row[f"train/{name}.weighted"] = weights[name] * value
            row[f"train/{name}.share"] = abs(weights[name] * value) / total if total else 0.0
        rows.append(row)
    return Facts(curve=Curve.of(rows))


WEIGHED = curve([{"ce": 1.0}], {"ce": 1.0}).curve
"""Of a head that learned."""
PATCHES = {"encoder": {"kind": "conv.encoder"}, "decoder": {"kind": "conv.decoder"}}
CLASSES = ("walk", "run", "sit")


def counted(*confusion: tuple[int, int, int], reader: Reader = HEAD) -> Score:
    """The score of a classifier that predicted class j for ``confusion[i][j]`` windows of class i."""
    counts = torch.tensor(confusion)
    target, named = counts.nonzero().repeat_interleave(counts[counts > 0], 0).T
    found = Classification(reader, CLASSES)
    found.update(torch.eye(len(CLASSES))[named], target)
    return found.report()


def evaluated(*found: Score) -> EvalReport:
    """An evaluation of classifiers on 100 windows, 40 of them of the first class."""
    majority = Majority(name=CLASSES[0], correct=40, total=100, accuracy=0.4)
    return EvalReport(windows=100, majority=majority, scores=list(found), reconstruction=None, codebook=None, losses={})


@pytest.fixture
def run_with_head(run_of: Callable[..., RunSpec]) -> Callable[..., RunSpec]:
    """A run whose head reads reconstructions, or another input given by ``kind``."""

    def make(kind: str = "wrn.recon", **parts: Any) -> RunSpec:
        return run_of(PATCHES | {"head": {"kind": kind}}, **parts)

    return make


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 3000), st.data())
def test_the_majority_rate_uses_scipys_exact_binomial_tail(total, data):
    most, correct = data.draw(st.integers(1, total - 1)), data.draw(st.integers(0, total))
    majority = Majority(name="walk", correct=most, total=total, accuracy=most / total)
    tail = float(binom.sf(correct - 1, total, most / total))
    if abs(tail - 0.05) > 1e-9:
        assert at_majority(scores(correct, total), majority) == (tail > 0.05)


def test_with_windows_of_one_class_the_majority_is_not_reported():
    assert not at_majority(scores(9, 9), Majority(name="walk", correct=9, total=9, accuracy=1.0))


@given(st.integers(1, 1000), st.data())
def test_only_a_larger_count_is_significant(total, data):
    more, less = (data.draw(st.integers(0, total)) for _ in range(2))
    if stands_out(more, less, total):
        assert more > less
        assert not stands_out(less, more, total)


@given(st.floats(1e-4, 1e4), st.integers(4, 12))
def test_a_falling_loss_never_diverges_whatever_its_size(size, epochs):
    falling = [{"x": size / (1 + epoch), "z": -size * epoch} for epoch in range(epochs)]
    assert divergence(curve(falling, {"x": 1.0, "z": 0.5})) is None


def test_a_loss_near_zero_may_triple_but_one_that_rises_again_diverges():
    assert divergence(curve([{"ce": v} for v in (1.4, 0.3, 0.002, 0.01, 0.02)], {"ce": 1.0})) is None
    found = divergence(curve([{"x": v} for v in (0.06, 0.03, 0.01, 0.5, 2.0)], {"x": 1.0}))
    assert found is not None
    assert "since epoch 2" in found.sentence
    assert "in x (0.01 to 2)" in found.sentence


def test_one_bad_epoch_is_no_divergence():
    assert divergence(curve([{"x": v} for v in (1.0, 0.5, 0.2, 5.0, 0.2)], {"x": 1.0})) is None


def test_a_value_that_is_not_finite_is_named():
    found = divergence(curve([{"x": 1.0}, {"x": float("nan")}], {"x": 1.0}))
    assert found is not None
    assert "train/x is not finite in epoch 1" in found.sentence


@pytest.mark.parametrize(("share", "weak", "strong"), [(0.005, True, False), (0.5, False, False), (0.75, False, True)])
def test_shares_are_compared_with_their_limits(share, weak, strong):
    rest = (1 - share) / 2
    facts = curve([{"s": share, "x": rest, "z": rest}] * 3, dict.fromkeys("sxz", 1.0))
    assert (weak_term(facts) is not None, dominant_term(facts) is not None) == (weak, strong)


def test_a_term_of_distillation_may_dominate():
    source = {"kind": "data.npy", "path": "windows", "layout": "c t"}
    taught = {"teachers": {"t": "runs/t"}, "distill": [{"kind": "distill.logits"}]}
    run = Registry.discover().run({"model": {"head": {"kind": "wrn.signal"}}, "data": {"source": source}} | taught)
    facts = curve([{"kd": 8.0, "ce": 1.0}] * 3, {"kd": 1.0, "ce": 1.0})
    assert dominant_term(facts) is not None
    assert dominant_term(replace(facts, run=run)) is None


def test_a_single_term_and_one_without_weight_are_not_reported():
    assert find(curve([{"ce": 1.0}] * 3, {"ce": 1.0})) == []
    assert weak_term(curve([{"x": 1.0, "z": 1.0, "s": 9.0}] * 3, {"x": 1.0, "z": 1.0, "s": 0.0})) is None


def test_a_closed_form_phase_has_no_weak_term_and_trains_the_head(run_of):
    solve = {"name": "train", "learn": ["head"], "fit": "closed", "weights": {"x": 1}}
    model = PATCHES | {"head": {"kind": "heads.token-linear"}}
    found = curve([{"x": 0.001, "z": 1}], {"x": 1, "z": 1})
    solved = replace(found, run=run_of(model, {"epochs": 1, "phases": [solve]}))
    assert weak_term(found)
    assert not weak_term(solved)
    assert solved.head_has_learned
    assert not found.head_has_learned


def test_the_suggested_weight_brings_the_term_to_a_tenth():
    found = weak_term(curve([{"x": 1.0, "z": 1.0, "s": 0.001}] * 3, dict.fromkeys("xzs", 1.0)))
    assert found is not None
    assert "from 1 to about 200 " in found.remedy
    assert 0.05 < 0.001 * 200 / (2 + 0.001 * 200) < 0.2


def test_every_rule_is_silent_without_facts():
    assert [rule(Facts()) for rule in RULES] == [None] * len(RULES)
    assert verdict([], Facts()).headline == "Nothing has been measured on this run yet."


def test_the_most_severe_finding_comes_first_and_leads_the_headline():
    facts = curve([{"x": v, "s": 1e-6} for v in (1.0, 0.1, 0.1, 9.0, 9.0)], {"x": 1.0, "s": 1.0})
    found = find(facts)
    assert [finding.name for finding in found] == ["divergence", "weak-term", "dominant-term"]
    assert [GRADES.index(finding.grade) for finding in found] == sorted(GRADES.index(f.grade) for f in found)
    assert verdict(found, facts).headline == found[0].sentence


def test_facts_come_from_files_that_belong_together(run_of, tmp_path):
    run = run_of({"head": {"kind": "wrn.signal", "depth": 10}}, {"epochs": 1, "batch": 48})
    folder = train(run, tmp_path / "run", quiet=True)
    facts = facts_of(folder.path)
    assert facts.data is not None
    assert facts.standards[0].mean == pytest.approx(facts.data.mean, rel=1e-5)
    folder.data_facts.unlink()
    assert facts_of(folder.path).data == facts.data
    assert facts.evaluation is None
    folder.evaluation("test").write_text('{"fingerprint": "of other data", "windows": "many"}')
    assert facts_of(folder.path).evaluation is None
    folder.evaluation("test").write_text(json.dumps({**folder.stamp(), "windows": "many"}))
    with pytest.raises(DataError, match="zoo eval"):
        facts_of(folder.path)
    with pytest.raises(TrainingError, match="run folder"):
        facts_of(RunFolder(tmp_path / "nothing").path)


def test_every_rule_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "findings.md").read_text()
    for rule in RULES:
        assert rule.__doc__
    assert page.count("| grave |") + page.count("| warning |") + page.count("| note |") == len(RULES)


def given_back(size: float, amplitude: float = 2**0.5) -> Facts:
    """Waves of variance ``amplitude``²/2 about 5, rebuilt at ``size`` times their height."""
    wave = amplitude * torch.sin(2 * torch.pi * torch.arange(16, dtype=torch.float64) / 16).expand(4, 1, 16)
    scored = Reconstruction(1, 4)
    scored.update(5 + wave, 5 + size * wave)
    return Facts(evaluation=evaluated().model_copy(update={"reconstruction": scored.report()}))


def test_a_reconstruction_is_flat_below_a_tenth_of_the_spread_about_each_mean():
    found = flat_reconstruction(given_back(0.04))
    assert found is not None
    assert (found.name, found.grade) == ("flat-reconstruction", "grave")
    assert "R² 0.08 about each window's own mean (mean squared error 0.922, that of the mean 1)" in found.sentence
    below, above = 0.05, 0.06
    assert 1 - (1 - below) ** 2 < 0.1 < 1 - (1 - above) ** 2
    assert flat_reconstruction(given_back(below)) is not None
    assert flat_reconstruction(given_back(above)) is None


def test_constant_windows_are_not_flat_reconstructions():
    assert flat_reconstruction(given_back(0.0, amplitude=0.0)) is None


def test_a_class_with_none_of_five_windows_found_is_missed_if_nothing_reads_raw_signals(run_with_head):
    def ask(*sit: int) -> Facts:
        evaluation = evaluated(counted((36, 4, 0), (5, 55 - sum(sit), 0), sit))
        return Facts(run=run_with_head("heads.token-linear"), curve=WEIGHED, evaluation=evaluation)

    found = class_missed(ask(3, 2, 0))
    assert found is not None
    assert (found.name, found.grade) == ("class-missed", "warning")
    assert found.sentence == (
        "The model's own head recognises no window of sit (0 of 5 windows). Whether raw signals distinguish them is "
        "unknown."
    )
    assert "evaluation.judges" in found.remedy
    assert class_missed(ask(2, 2, 0)) is None
    assert class_missed(ask(3, 2, 1)) is None


@pytest.mark.parametrize(("hits", "lost", "hard"), [(2, True, False), (1, False, True)])
def test_a_class_whose_raw_signals_are_read_is_lost_or_hard_and_not_missed(run_with_head, hits, lost, hard):
    head = counted((36, 4, 0), (5, 50, 0), (3, 2, 0))
    judge = counted((36, 4, 0), (5, 50, 0), (5 - hits, 0, hits), reader=on_raw("wave"))
    evaluation = evaluated(head, judge)
    facts = Facts(run=run_with_head("heads.token-linear"), curve=WEIGHED, evaluation=evaluation)
    assert [rule(facts) is not None for rule in (class_missed, class_lost, class_hard)] == [False, lost, hard]


def test_a_head_that_only_guesses_is_reported_instead_of_its_missed_classes(run_with_head):
    head = counted((40, 0, 0), (30, 0, 0), (30, 0, 0))
    facts = Facts(run=run_with_head("heads.token-linear"), curve=WEIGHED, evaluation=evaluated(head))
    assert majority_rate(facts) is not None
    assert class_missed(facts) is None


def judged(head: int, raw: int, rebuilt: int) -> EvalReport:
    """Correct windows of 100: the head's, and a judge's on raw and on rebuilt signals."""
    counts = {HEAD: head, on_raw("wave"): raw, on_rebuilt("wave"): rebuilt}
    return evaluated(*(scores(correct, 100, reader) for reader, correct in counts.items()))


def test_one_network_is_pleased_if_a_judge_reads_raw_but_not_rebuilt_signals(run_with_head):
    found = only_own_head(Facts(run=run_with_head(), curve=WEIGHED, evaluation=judged(92, 90, 79)))
    assert found is not None
    assert (found.name, found.grade) == ("only-own-head", "grave")
    assert found.sentence == (
        "The head that was trained with the reconstructions classifies 92 of 100 correctly, but judge wave only 79 "
        "(90 on raw signals)."
    )
    assert "weight of ce" in found.remedy


@pytest.mark.parametrize(("head", "raw", "rebuilt"), [(92, 90, 81), (90, 92, 81), (92, 79, 79), (79, 92, 79)])
def test_less_than_two_standard_deviations_below_head_or_raw_is_not_reported(run_with_head, head, raw, rebuilt):
    assert only_own_head(Facts(run=run_with_head(), curve=WEIGHED, evaluation=judged(head, raw, rebuilt))) is None


def test_only_a_head_trained_on_what_it_reads_is_pleased(run_with_head):
    evaluation = judged(92, 90, 79)
    tokens = Facts(run=run_with_head("heads.token-linear"), curve=WEIGHED, evaluation=evaluation)
    taken = Facts(run=run_with_head(transfer=[{"source": "runs/wave"}]), curve=Curve(), evaluation=evaluation)
    for facts in (tokens, taken):
        assert (only_own_head(facts), no_independent_judge(facts)) == (None, None)


@pytest.mark.parametrize(
    ("judges", "taken", "alone"),
    [
        ({}, [], True),
        ({"wave": "runs/wave"}, [], False),
        ({"wave": "runs/wave/"}, ["runs/wave"], True),
        ({"wave": "runs/wave"}, ["runs/other"], False),
        ({"wave": "runs/wave", "wide": "runs/wide"}, ["runs/wave"], False),
        ({"mini": "aeon.MiniRocketClassifier"}, ["runs/wave"], False),
    ],
)
def test_a_judge_is_independent_unless_the_run_loaded_its_weights(run_with_head, judges, taken, alone):
    run = run_with_head(evaluation={"judges": judges}, transfer=[{"source": source} for source in taken])
    found = no_independent_judge(Facts(run=run, curve=WEIGHED, evaluation=evaluated(scores(90, 100))))
    assert (found is not None) == alone
    if found is not None:
        assert (found.name, found.grade) == ("no-independent-judge", "note")
        assert "no other classifier evaluates them" in found.sentence
        assert "evaluation.judges" in found.remedy


@pytest.mark.parametrize("own", [True, False])
def test_a_judge_of_the_command_line_is_independent_unless_it_is_the_head(run_with_head, own):
    judge = JudgeLoss(name="wave", raw=90, rebuilt=80, total=100, lost=0.1, own=own)
    agreement = Agreement(judges=[judge], agree=None, pleased=[], sentence="")
    evaluation = evaluated(scores(90, 100)).model_copy(update={"agreement": agreement})
    found = no_independent_judge(Facts(run=run_with_head(), curve=WEIGHED, evaluation=evaluation))
    assert (found is not None) == own


@pytest.mark.parametrize(("distinctness", "grade"), [(0.7, "warning"), (0.05, "grave")])
def test_findings_on_the_codes_of_a_head_name_the_head(run_of, distinctness, grade):
    """There is no encoder or quantizer that a remedy could change, and many codes are similar on purpose."""
    usage = UsageReport.model_construct(book="shapes", codes=512, used=298, perplexity=200.0, counts=[100] * 298)
    shapes = Shapes(usage, measured=256, effective=39.8, distinctness=distinctness, flat=200, flat_share=0.7)
    evaluation = EvalReport.model_construct(codebook=(usage,))
    facts = Facts(run=run_of({"head": {"kind": "bag.signal"}}), evaluation=evaluation, drawn=(shapes,))
    found = [rule(facts) for rule in (identical_shapes, flat_shapes, dead_codes)]
    assert found[0].grade == grade
    assert ("nearly identical" in found[0].sentence) == (grade == "grave")
    for one in found:
        assert "model.head." in one.remedy
        assert "encoder" not in one.remedy
        assert "quantizer" not in one.remedy
