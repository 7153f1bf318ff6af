"""Measures of codes and shapes against scikit-learn, numpy and brute force."""

import itertools

import numpy as np
import pytest
import torch
from aeon.distances import dtw_distance
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from zoo.codebook import classes
from zoo.codebook.ablation import nearest_codes
from zoo.codebook.book import Book
from zoo.codebook.pool import CodePool
from zoo.codebook.shapes import normalised
from zoo.codebook.similarity import correlations, distinctness, grouped, mean_warped, straightness, warped
from zoo.codebook.stability import matched
from zoo.contracts import read_stretches
from zoo.evaluation.usage_report import usage_reports

seeds = st.integers(0, 2**31)


def shapes_of(count: int, seed: int, samples: int = 12):
    return normalised(np.random.default_rng(seed).normal(size=(count, samples)))


def book_of(shapes, counts) -> Book:
    order = np.argsort(-counts, kind="stable")
    usage = usage_reports(torch.from_numpy(counts)[None, None])[0]
    return Book(usage, order, counts[order, None], None, None, shapes[order])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.integers(1, 5), st.integers(1, 200), seeds)
def test_information_equals_that_of_scikit_learn(codes, kinds, tokens, seed):
    rng = np.random.default_rng(seed)
    code, kind = rng.integers(0, codes, tokens), rng.integers(0, kinds, tokens)
    counts = np.zeros((codes, kinds), np.int64)
    np.add.at(counts, (code, kind), 1)
    bits = mutual_info_score(code, kind) / np.log(2)
    assert classes.information(counts) == pytest.approx(bits, abs=1e-9)
    assert classes.entropy(counts.sum(0)) == pytest.approx(mutual_info_score(kind, kind) / np.log(2), abs=1e-9)
    assert classes.purity(counts) == pytest.approx(sum((counts[c].max()) for c in range(codes)) / tokens)
    assert classes.information(counts) <= classes.entropy(counts.sum(0)) + 1e-9


def test_a_code_indicates_classes_whose_odds_it_doubles():
    base = np.array([50, 50, 100])
    assert classes.speaks_for(np.array([20, 5, 5]), base, ("a", "b", "c")) == ("a",)
    assert classes.speaks_for(np.array([4, 0, 0]), base, ("a", "b", "c")) == ()  # too few tokens to decide
    assert classes.speaks_for(np.array([5, 5, 10]), base, ("a", "b", "c")) == ()
    assert classes.speaks_for(np.array([50]), np.array([50]), ("a",)) == ()  # the only class


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 8), seeds)
def test_correlations_equal_those_of_numpy(count, seed):
    shapes = shapes_of(count, seed)
    assert correlations(shapes, shapes) == pytest.approx(np.corrcoef(shapes), abs=2e-6)


def test_constant_shapes_are_equal_to_each_other_and_to_nothing_else():
    shapes = np.concatenate([np.zeros((2, 12)), shapes_of(1, 0)])
    assert correlations(shapes, shapes).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert straightness(shapes)[:2].tolist() == [1, 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 8), seeds)
def test_measures_of_shapes_do_not_depend_on_their_order(count, seed):
    rng = np.random.default_rng(seed)
    shapes, counts, order = shapes_of(count, seed), rng.integers(1, 50, count), rng.permutation(count)
    plain, mixed = correlations(shapes, shapes), correlations(shapes[order], shapes[order])
    assert distinctness(plain, counts) == pytest.approx(distinctness(mixed, counts[order]))
    assert 0 <= distinctness(plain, counts) <= 1
    same = grouped(plain)[order][:, None] == grouped(plain)[order]
    assert (same == (grouped(mixed)[:, None] == grouped(mixed))).all()


def test_groups_hold_near_duplicates_and_separate_falling_from_rising_lines():
    line = np.linspace(-1, 1, 12)
    wave = np.sin(2 * np.pi * line)
    noise = np.random.default_rng(0).normal(size=(6, 12)) * 0.02
    shapes = normalised(np.stack([line, -line, wave, line, wave, -line]) + noise)
    assert grouped(correlations(shapes, shapes)).tolist() == [0, 1, 2, 0, 2, 1]


def test_distinctness_weighs_pairs_by_use():
    wave, other = np.sin(np.arange(12) * np.pi / 6), np.cos(np.arange(12) * np.pi / 6)
    correlation = correlations(*[normalised(np.stack([wave, wave, other]))] * 2)
    assert distinctness(correlation, np.array([1, 1, 1])) == pytest.approx(2 / 3)
    assert distinctness(correlation, np.array([50, 50, 0])) == pytest.approx(0)
    assert distinctness(correlation[:1, :1], np.array([5])) == 0


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_straightness_is_r_squared_of_a_fitted_line(seed):
    (shape,) = shapes_of(1, seed)
    line = np.polyval(np.polyfit(np.arange(12), shape, 1), np.arange(12))
    assert straightness(shape[None])[0] == pytest.approx(1 - ((shape - line) ** 2).sum() / (shape**2).sum())


def test_warped_distance_equals_that_of_aeon():
    shapes = shapes_of(6, 3, samples=20)
    one, other = np.triu_indices(6, 1)
    found = warped(shapes[one], shapes[other])
    expected = [dtw_distance(shapes[i], shapes[j], window=0.1) for i, j in zip(one, other, strict=True)]
    assert found == pytest.approx(np.sqrt(np.array(expected) / 20))
    assert (found <= np.sqrt(((shapes[one] - shapes[other]) ** 2).mean(1)) + 1e-9).all()
    assert warped(shapes, shapes) == pytest.approx(0)
    weights = np.arange(1, 7)
    mean = (found * weights[one] * weights[other]).sum() / (weights[one] * weights[other]).sum()
    assert mean_warped(shapes, weights) == pytest.approx(mean)
    assert mean_warped(shapes[:1], weights[:1]) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(2, 5), seeds)
def test_matching_of_codebooks_is_optimal(one, other, seed):
    rng = np.random.default_rng(seed)
    books = [book_of(shapes_of(k, seed + k), rng.integers(1, 9, k)) for k in (one, other)]
    found = matched(*books, "other")
    assert found == pytest.approx(matched(*books[::-1], "other"))
    few, many = sorted(books, key=lambda book: len(book.codes))
    value = np.clip(correlations(few.shapes, many.shapes), 0, 1) * (
        (few.counts / few.counts.sum())[:, None] + many.counts / many.counts.sum()
    )
    rows = range(len(few.codes))
    best = max(
        sum(value[i, j] for i, j in enumerate(p)) for p in itertools.permutations(range(len(many.codes)), len(rows))
    )
    assert found == pytest.approx(best / 2)


def test_a_codebook_matches_a_permutation_of_itself():
    rng = np.random.default_rng(0)
    shapes, counts, order = shapes_of(7, 0), rng.integers(1, 50, 7), rng.permutation(7)
    assert matched(book_of(shapes, counts), book_of(shapes[order], counts[order]), "other") == pytest.approx(1)


def test_the_nearest_code_is_the_nearest_used_one():
    class Line:
        def decode(self, codes):
            return torch.tensor([0.0, 1.0, 3.0, 3.5, 9.0])[codes]

    used = torch.tensor([[True, True, True, False, True]])
    assert nearest_codes(Line(), used, 1).tolist() == [[1, 0, 1, 3, 2]]
    only = torch.tensor([[False, True, False, False, False]])
    assert nearest_codes(Line(), only, 1).tolist() == [[0, 1, 2, 3, 4]]


def test_a_pool_does_not_depend_on_batching_and_holds_no_masked_token():
    codes = torch.arange(60).view(5, 3, 4, 1)
    mask = codes.squeeze(-1) % 3 > 0
    whole, parts = CodePool(3, 1), CodePool(3, 1)
    whole.update(codes, mask)
    for window in range(5):
        parts.update(codes[window : window + 1], mask[window : window + 1])
    drawn = whole.draw(codes)
    assert torch.equal(drawn, torch.cat([parts.draw(codes[w : w + 1]) for w in range(5)]))
    assert bool((drawn % 3 > 0).all())
    channel = torch.arange(3).view(1, 3, 1, 1)
    assert bool((drawn // 4 % 3 == channel).all())  # each codebook draws its own sample


def test_spans_are_read_between_samples():
    series = torch.arange(11.0).view(1, 1, 11) ** 2
    found, _ = read_stretches(series, torch.tensor([[[0.25, 0.8]]]), torch.tensor([[[0.5, 0.9]]]), 5)
    places = np.stack([np.linspace(2.5, 7.5, 5), np.linspace(8, 10, 5)])
    assert found[0, 0].numpy() == pytest.approx(np.interp(places, np.arange(11), np.arange(11) ** 2), rel=1e-5)
