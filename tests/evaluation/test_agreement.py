"""Agreement between several judges."""

import pytest
import torch

from zoo.evaluation.agreement import agreement, gaps
from zoo.evaluation.classification import Classification
from zoo.evaluation.score import Judged, Reader, Score, on_raw, on_rebuilt


def scored(reader: Reader, correct: int, total: int = 100) -> Score:
    """A classifier of two classes with half of the windows each; ``correct`` of them are right."""
    counted = Classification(reader, ("sit", "walk"))
    target = torch.arange(total) % 2
    guess = torch.where(torch.arange(total) < correct, target, 1 - target)
    counted.update(torch.nn.functional.one_hot(guess, 2).float(), target)
    return counted.report()


def judge(name: str, raw: int, rebuilt: int) -> Judged:
    """A judge with its correct windows of 100."""
    return Judged(scored(on_raw(name), raw), scored(on_rebuilt(name), rebuilt))


def said(**judges: tuple[int, int]):
    return agreement([judge(name, *both) for name, both in judges.items()], own=())


def test_agreement_needs_at_least_two_judges():
    assert said().agree is said(a=(90, 80)).agree is None
    assert said().sentence.startswith("No judge")
    assert "other than a recognise" in said(a=(90, 80)).sentence
    assert "the model's own head" in agreement([judge("a", 90, 80)], own={"a"}).sentence


def test_judges_that_lose_equally_agree():
    found = said(a=(90, 80), b=(85, 77), c=(95, 85))
    assert found.agree is True
    assert not found.pleased
    assert [judge.lost for judge in found.judges] == pytest.approx([0.1, 0.08, 0.1])


def test_a_reconstruction_that_only_one_network_classifies_well_is_detected():
    found = said(fed=(90, 89), other=(88, 50))
    assert found.agree is False
    assert found.pleased == ["fed"]
    assert "Only fed still classifies the reconstructions well" in found.sentence


def test_a_weak_judge_with_little_to_lose_is_named_as_the_weaker_one():
    found = said(strong=(90, 60), weak=(55, 52))
    assert found.agree is False
    assert found.pleased == []
    assert "weak was less accurate on raw signals and had less to lose" in found.sentence


def test_gaps_are_the_recalls_on_raw_and_rebuilt_signals():
    raw, rebuilt = pair = judge("a", 90, 55)
    rows = gaps(pair)
    assert [(row.name, row.windows, row.raw, row.rebuilt) for row in rows] == [
        (one.name, one.support, one.recall, other.recall)
        for one, other in zip(raw.classes, rebuilt.classes, strict=True)
    ]
