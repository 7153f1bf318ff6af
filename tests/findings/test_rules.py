"""Single rules on facts made by hand: where they begin, what excuses them, what they say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from zoo_registry import DataError, TrainingError

from zoo.evaluate.classification import ClassReport
from zoo.evaluate.evaluation import Majority
from zoo.findings.curve import Curve
from zoo.findings.facts import Facts
from zoo.findings.find import RULES, find
from zoo.findings.finding import GRADES
from zoo.findings.gather import facts_of
from zoo.findings.losses import divergence, dominant_term, weak_term
from zoo.findings.readers import at_majority, stands_out
from zoo.findings.verdict import verdict
from zoo.run_folder import RunFolder
from zoo.train.fit import train


def scores(correct: int, total: int) -> ClassReport:
    """A report of which only the counts matter."""
    return ClassReport.model_construct(correct=correct, total=total, accuracy=correct / total)


def curve(terms: Sequence[dict[str, float]], weights: dict[str, float]) -> Facts:
    """An epoch for each raw value of every term, weighed alike."""
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


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 3000), st.data())
def test_the_majority_rate_is_scipys_exact_binomial_tail(total, data):
    most, correct = data.draw(st.integers(1, total - 1)), data.draw(st.integers(0, total))
    majority = Majority(name="walk", correct=most, total=total, accuracy=most / total)
    tail = float(binom.sf(correct - 1, total, most / total))
    if abs(tail - 0.05) > 1e-9:
        assert at_majority(scores(correct, total), majority) == (tail > 0.05)


def test_where_all_windows_are_of_one_class_nothing_is_said_of_the_majority():
    assert not at_majority(scores(9, 9), Majority(name="walk", correct=9, total=9, accuracy=1.0))


@given(st.integers(1, 1000), st.data())
def test_only_a_larger_count_stands_out(total, data):
    more, less = (data.draw(st.integers(0, total)) for _ in range(2))
    if stands_out(more, less, total):
        assert more > less
        assert not stands_out(less, more, total)


@given(st.floats(1e-4, 1e4), st.integers(4, 12))
def test_a_falling_loss_never_diverges_whatever_its_size(size, epochs):
    falling = [{"x": size / (1 + epoch), "z": -size * epoch} for epoch in range(epochs)]
    assert divergence(curve(falling, {"x": 1.0, "z": 0.5})) is None


def test_a_loss_near_nothing_may_triple_and_one_that_comes_back_may_not():
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
def test_shares_are_judged_against_their_limits(share, weak, strong):
    rest = (1 - share) / 2
    facts = curve([{"s": share, "x": rest, "z": rest}] * 3, dict.fromkeys("sxz", 1.0))
    assert (weak_term(facts) is not None, dominant_term(facts) is not None) == (weak, strong)


def test_a_single_term_and_one_of_no_weight_are_excused():
    assert find(curve([{"ce": 1.0}] * 3, {"ce": 1.0})) == []
    assert weak_term(curve([{"x": 1.0, "z": 1.0, "s": 9.0}] * 3, {"x": 1.0, "z": 1.0, "s": 0.0})) is None


def test_the_advised_weight_brings_the_term_to_a_tenth():
    found = weak_term(curve([{"x": 1.0, "z": 1.0, "s": 0.001}] * 3, dict.fromkeys("xzs", 1.0)))
    assert found is not None
    assert "from 1 to about 200 " in found.remedy
    assert 0.05 < 0.001 * 200 / (2 + 0.001 * 200) < 0.2


def test_every_rule_is_silent_where_nothing_is_known():
    assert [rule(Facts()) for rule in RULES] == [None] * len(RULES)
    assert verdict([], Facts()).headline == "Nothing is known of this run yet."


def test_the_gravest_comes_first_and_leads_the_headline():
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
    fingerprint = folder.read()["fingerprint"]
    folder.evaluation("test").write_text(f'{{"fingerprint": "{fingerprint}", "windows": "many"}}')
    with pytest.raises(DataError, match="zoo eval"):
        facts_of(folder.path)
    with pytest.raises(TrainingError, match="run folder"):
        facts_of(RunFolder(tmp_path / "nothing").path)


def test_every_rule_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "findings.md").read_text()
    for rule in RULES:
        assert rule.__doc__
    assert page.count("| grave |") + page.count("| warning |") + page.count("| note |") == len(RULES)
