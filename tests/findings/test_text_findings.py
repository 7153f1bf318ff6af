"""Findings on text: codes that all say the same, attention that does not choose, words that act as a label."""

from math import sqrt
from statistics import stdev

import pytest
import torch
from worded import FUSED, LEVELS, choosing, said, worded

from zoo.findings.facts import Facts
from zoo.findings.find import find
from zoo.findings.text import FLAT, text_is_label


def found_on(model):
    """Findings on text from the codebook of a model, by name."""
    findings = {finding.name: finding for finding in find(Facts(codebook=said(model).report))}
    return {name: finding for name, finding in findings.items() if name in ("text-collapsed", "flat-attention")}


@torch.no_grad()
def one_action(model, number=2):
    """``model`` whose codes all name one action."""
    last = model.text.namer[-1]
    last.weight.zero_()
    last.bias.fill_(-20)[number] = 0
    return model


def test_a_model_that_names_several_actions_is_sound():
    assert found_on(choosing(worded())) == {}


def test_codes_that_all_name_one_action_are_reported_with_it():
    (found,) = found_on(one_action(choosing(worded()))).values()
    assert (found.name, found.grade) == ("text-collapsed", "warning")
    assert "name the same of 5 actions, 'swing the arm'; entropy of actions per code 0.00 of at most 1.61" in (
        found.sentence
    )


def test_a_single_action_or_a_later_level_cannot_collapse():
    one = {**FUSED, "actions": {name: ["move"] for name in FUSED["actions"]}}
    assert found_on(one_action(worded(one), 0)) == {}
    collapsed = said(one_action(worded(codes=LEVELS))).report
    assert "text-collapsed" in [finding.name for finding in find(Facts(codebook=collapsed))]
    later = [collapsed.books[0].model_copy(update={"actions": None}), *collapsed.books[1:]]
    facts = Facts(codebook=collapsed.model_copy(update={"books": tuple(later)}))
    assert "text-collapsed" not in [finding.name for finding in find(facts)]


def test_attention_that_is_alike_for_all_tokens_of_a_class_is_reported():
    model = choosing(worded())
    torch.nn.init.zeros_(model.text.to_signal.q.weight)
    (found,) = found_on(model).values()
    assert (found.name, found.grade) == ("flat-attention", "warning")
    assert "con or nce" in found.remedy


@pytest.mark.parametrize(("contrast", "flagged"), [(FLAT - 1e-6, True), (FLAT, False), (None, False)])
def test_attention_is_flat_below_its_limit(contrast, flagged):
    report = said(worded()).report
    report = report.model_copy(update={"text": report.text.model_copy(update={"contrast": contrast})})
    assert ("flat-attention" in [finding.name for finding in find(Facts(codebook=report))]) == flagged


def test_real_text_must_be_clearly_better_than_the_best_control():
    real, controls = [0.60, 0.62, 0.61], {"shuffled": [0.55, 0.56, 0.57], "one-hot": [0.57, 0.59, 0.58]}
    margin = 2 * sqrt(stdev(real) ** 2 / 3 + stdev(controls["one-hot"]) ** 2 / 3)
    assert margin < 0.61 - 0.58
    assert text_is_label(real, controls, 886, "the head") is None
    lower = [value - 0.03 + 0.9 * margin for value in real]
    found = text_is_label(lower, controls, 886, "the head")
    assert (found.name, found.grade) == ("text-is-label", "note")
    assert "0.580 ± 0.010 over 3 runs with the best control, one-hot" in found.sentence
    assert f"up to {margin:.3f} may be chance" in found.sentence


def test_single_runs_are_compared_by_their_counts():
    assert text_is_label([0.60], {"random": [0.58]}, 886, "the head") is not None
    assert text_is_label([0.60], {"random": [0.58]}, 88_600, "the head") is None
    assert "over 1 run with" in text_is_label([0.5], {"random": [0.58]}, 886, "the head").sentence


def test_without_controls_nothing_is_said():
    assert text_is_label([0.5], {}, 100, "the head") is None
