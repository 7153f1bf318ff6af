"""Agreement between several judges."""

import pytest
import torch

from zoo.evaluation.agreement import agreement, gaps
from zoo.evaluation.classification import Classification
from zoo.evaluation.report import ClassReport


def scored(correct: int, total: int = 100) -> ClassReport:
    """A classifier of two classes with half of the windows each; ``correct`` of them are right."""
    counted = Classification(("sit", "walk"))
    target = torch.arange(total) % 2
    guess = torch.where(torch.arange(total) < correct, target, 1 - target)
    counted.update(torch.nn.functional.one_hot(guess, 2).float(), target)
    return counted.report()


def said(**judges: tuple[int, int]):
    classifiers = {f"{n} on {what}": scored(c) for n, both in judges.items() for what, c in zip(("raw", "rebuilt"), both, strict=True)}  # noqa: E501  # fmt: skip
    return agreement(classifiers, dict.fromkeys(judges, False))


def test_agreement_needs_at_least_two_judges():
    assert said().agree is said(a=(90, 80)).agree is None
    assert said().sentence.startswith("no judge")
    assert "pleases a alone" in said(a=(90, 80)).sentence
    raw_and_rebuilt = {"a on raw": scored(90), "a on rebuilt": scored(80)}
    assert "the model's own head" in agreement(raw_and_rebuilt, {"a": True}).sentence


def test_judges_that_lose_equally_agree():
    found = said(a=(90, 80), b=(85, 77), c=(95, 85))
    assert found.agree is True
    assert not found.pleased
    assert [judge.lost for judge in found.judges] == pytest.approx([0.1, 0.08, 0.1])


def test_a_reconstruction_that_pleases_only_one_network_is_detected():
    found = said(fed=(90, 89), other=(88, 50))
    assert found.agree is False
    assert found.pleased == ["fed"]
    assert "pleases fed only" in found.sentence


def test_a_weak_judge_with_little_to_lose_is_not_taken_for_a_pleased_one():
    found = said(strong=(90, 60), weak=(55, 52))
    assert found.agree is False
    assert found.pleased == []
    assert "weak had less to lose" in found.sentence


def test_gaps_are_the_recalls_on_raw_and_rebuilt_signals():
    raw, rebuilt = scored(90), scored(55)
    rows = gaps({"a on raw": raw, "a on rebuilt": rebuilt}, "a")
    assert [(row.name, row.windows, row.raw, row.rebuilt) for row in rows] == [
        (one.name, one.support, one.recall, other.recall)
        for one, other in zip(raw.classes, rebuilt.classes, strict=True)
    ]
