"""Each quantizer's formula against a plain reference."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from some_tokens import TOKENS, assert_same_terms, built, holes, name, some, state
from torch import Tensor
from zoo_quantizers import EMA, FSQ, LFQ, Cosine, Residual
from zoo_quantizers.codebook import Codebook
from zoo_quantizers.cosine import UnitCodebook
from zoo_registry import QuantizerSpec, Shape

from zoo.contracts import nearest

# nearest code


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 40),
    codes=st.integers(2, 33),
    width=st.integers(1, 20),
    far=st.sampled_from([0.0, 10.0, 1000.0]),
    seed=st.integers(0, 2**31),
)
def test_nearest_is_the_nearest(rows: int, codes: int, width: int, far: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(far, 1, (rows, width)).astype(np.float32)
    book = random.normal(far, 1, (codes, width)).astype(np.float32)
    distance = np.square(x.astype(np.float64)[:, None] - book.astype(np.float64)).sum(-1)
    found = nearest(torch.from_numpy(x), torch.from_numpy(book)).numpy()
    assert found.shape == (rows,)
    # Two codes may be equally near except for rounding.
    np.testing.assert_allclose(distance[np.arange(rows), found], distance.min(-1), atol=1e-3, rtol=1e-5)


def test_nearest_over_many_blocks() -> None:
    random = np.random.default_rng(0)
    x, book = random.normal(size=(9001, 3)), random.normal(size=(5, 3))
    expected = np.square(x[:, None] - book).sum(-1).argmin(-1)
    found = nearest(torch.from_numpy(x), torch.from_numpy(book)).numpy()
    assert (found != expected).sum() == 0


def test_ties_go_to_the_lowest_index() -> None:
    corners = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=3)))
    book = torch.cat([corners, corners])
    assert nearest(corners, book).tolist() == list(range(8))
    assert nearest(torch.zeros(5000, 3), book).unique().tolist() == [0]
    half = torch.tensor([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    assert nearest(half, corners).tolist() == [3, 5, 6]


# moving averages


def test_ema_update_follows_the_formula() -> None:
    torch.manual_seed(0)
    codes, decay, epsilon = 6, 0.8, 1e-5
    quantizer = EMA(codes=codes, decay=decay).build(TOKENS)
    e = quantizer.state_dict()["codebook.codes"][0].numpy().astype(np.float64)
    n, m = np.ones(codes), e.copy()
    for step in range(6):
        values, mask = some(seed=step), holes(seed=step)
        z = values[mask].numpy().astype(np.float64)
        chosen = np.square(z[:, None] - e).sum(-1).argmin(-1)
        for code in range(codes):
            mine = z[chosen == code]
            n[code] = decay * n[code] + (1 - decay) * len(mine)
            m[code] = decay * m[code] + (1 - decay) * mine.sum(0)
        smooth = (n + epsilon) / (n.sum() + codes * epsilon) * n.sum()
        e = m / smooth[:, None]
        found = quantizer(values, mask)
        assert found.codes[mask].squeeze(-1).tolist() == chosen.tolist()
        quantizer.update(found.stats)
    np.testing.assert_allclose(quantizer.state_dict()["codebook.codes"][0], e, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("spec", [EMA(codes=8), Cosine(codes=8), Residual(codes=8, levels=3)], ids=name)
def test_stats_add_up_over_accumulated_batches(spec: QuantizerSpec) -> None:
    whole, parts = built(spec), built(spec)
    values, mask = some(6), holes(6)
    first, second = (parts(values[part], mask[part]).stats for part in (slice(0, 2), slice(2, 6)))
    parts.update({key: first[key] + second[key] for key in first})
    whole.update(whole(values, mask).stats)
    assert_same_terms(state(whole), state(parts))


def test_ema_finds_the_means_of_clusters() -> None:
    torch.manual_seed(0)
    centres = torch.tensor([[4.0, 0, 0, 0], [0, 4, 0, 0], [0, 0, -4, 0]])
    book = Codebook(1, 3, 4, 0.5, EMA())
    book.codes.copy_(centres + 0.5)
    x = (centres.repeat(20, 1) + torch.randn(60, 4) * 0.1).view(1, 1, 60, 4)
    for _ in range(30):
        book.update(book.stats(x, book.assign(x), None))
    means = x.view(20, 3, 4).mean(0)
    torch.testing.assert_close(book.codes[0], means, atol=1e-3, rtol=1e-3)


def test_cosine_codes_are_directions_of_sums_and_never_leave_the_sphere() -> None:
    torch.manual_seed(0)
    book = UnitCodebook(4, 3, 0.9, Cosine())
    sums = book.sums.clone()
    directions = torch.nn.functional.normalize(torch.randn(1, 1, 50, 3), dim=-1)
    stats = book.stats(directions, book.assign(directions), None)
    book.update(stats)
    expected = 0.9 * sums + 0.1 * stats["sums"]
    torch.testing.assert_close(book.codes, expected / expected.norm(dim=-1, keepdim=True))
    idle = {"counts": torch.tensor([[5.0, 0, 0, 0]]), "sums": torch.zeros(1, 4, 3)}
    idle["sums"][0, 0, 0] = 5
    before = book.codes[0, 1:].clone()
    for _ in range(1500):
        book.update(idle)
    torch.testing.assert_close(book.codes.norm(dim=-1), torch.ones(1, 4))
    torch.testing.assert_close(book.codes[0, 1:], before, atol=1e-4, rtol=0)


def test_cosine_selects_the_smallest_angle_whatever_the_length() -> None:
    quantizer = built(Cosine(codes=16))
    book = quantizer.state_dict()["codebook.codes"][0].double()
    values = some().double()
    cosine = torch.einsum("bcnd,kd->bcnk", values / values.norm(dim=-1, keepdim=True), book)
    for scale in (0.01, 1.0, 300.0):
        assert torch.equal(quantizer(some() * scale).codes[..., 0], cosine.argmax(-1))


# levels


def test_residual_levels_are_greedy() -> None:
    quantizer = built(Residual(codes=8, levels=3))
    books = quantizer.state_dict()["codebook.codes"].numpy().astype(np.float64)
    values = some()
    left = values.numpy().astype(np.float64).reshape(-1, 4)
    codes, commits = [], []
    for book in books:
        chosen = np.square(left[:, None] - book).sum(-1).argmin(-1)
        left = left - book[chosen]
        codes.append(chosen)
        commits.append(np.square(left).mean())
    found = quantizer(values)
    np.testing.assert_array_equal(found.codes.reshape(-1, 3), np.stack(codes, -1))
    np.testing.assert_allclose(found.values.reshape(-1, 4), values.reshape(-1, 4).numpy() - left, atol=1e-5)
    terms = quantizer.losses(found)
    assert float(terms["z.commit"]) == pytest.approx(np.mean(commits), rel=1e-5)
    assert float(terms["z"]) == pytest.approx(0.25 * np.mean(commits), rel=1e-5)
    one_book = {"counts": found.stats["counts"][1], "sums": found.stats["sums"][1]}
    given_to_second = values.numpy().reshape(-1, 4) - books[0][codes[0]]
    for code in range(8):
        mine = given_to_second[codes[1] == code]
        assert float(one_book["counts"][code]) == len(mine)
        np.testing.assert_allclose(one_book["sums"][code], mine.sum(0), atol=1e-4)


def test_one_level_of_residual_is_ema() -> None:
    residual, ema = built(Residual(codes=16, levels=1)), built(EMA(codes=16))
    assert torch.equal(residual(some()).values, ema(some()).values)


# finite scalar


@settings(deadline=None, max_examples=40)
@given(levels=st.lists(st.integers(2, 9), min_size=1, max_size=4), seed=st.integers(0, 2**31), wide=st.floats(0.1, 30))
def test_fsq_follows_the_formula(levels: list[int], seed: int, wide: float) -> None:
    z = np.random.default_rng(seed).normal(0, wide, (1, 2, 5, len(levels))).astype(np.float32)
    size = np.array(levels)
    reach, offset = (size - 1) * (1 - 1e-3) / 2, np.where(size % 2 == 0, 0.5, 0.0)
    bounded = np.tanh(z + np.tan(offset / reach)) * reach - offset
    rounded = np.round(bounded)
    sure = (np.abs(np.abs(bounded - np.trunc(bounded)) - 0.5) > 1e-4).all(-1)
    digits = rounded + size // 2
    index = (digits * np.concatenate([[1], np.cumprod(size)[:-1]])).sum(-1)
    quantizer = FSQ(levels=tuple(levels)).build(Shape.of("c n d", 2, 5, len(levels)))
    found = quantizer(torch.from_numpy(z))
    np.testing.assert_array_equal(found.codes[..., 0].numpy()[sure], index[sure])
    np.testing.assert_allclose(found.values.numpy()[sure], (rounded / (size // 2))[sure], atol=1e-6)


@pytest.mark.parametrize("levels", [(8, 5, 5, 5), (2,), (3, 2, 7), (256, 256)])
def test_fsq_round_trip_over_all_codes(levels: tuple[int, ...]) -> None:
    spec = FSQ(levels=levels)
    quantizer = spec.build(Shape.of("c n d", 1, 1, len(levels)))
    codes = torch.arange(spec.codebook(TOKENS)["k"])[:, None]
    vectors = quantizer.vectors(codes)
    assert len(vectors.unique(dim=0)) == len(codes)
    assert torch.equal(quantizer.assign(vectors), codes)
    assert float(vectors.abs().max()) <= 1


def test_fsq_reaches_every_code_in_bfloat16() -> None:
    spec = FSQ(levels=(8, 5, 5, 5))
    quantizer = spec.build(Shape.of("c n d", 1, 1, 4))
    axis, finer = torch.linspace(-4, 4, 17), torch.linspace(-4, 4, 65)
    grid = torch.cartesian_prod(finer, axis, axis, axis).bfloat16().view(1, 1, -1, 4)
    assert len(quantizer(grid).codes.unique()) == 1000


def test_fsq_gradient_is_that_of_its_bound() -> None:
    levels = torch.tensor([4.0, 3, 5, 2])
    quantizer = built(FSQ(levels=(4, 3, 5, 2)))
    values, plain = some().requires_grad_(), some().requires_grad_()
    reach, offset = (levels - 1) * 0.999 / 2, 0.5 * (levels % 2 == 0)
    (((plain + (offset / reach).tan()).tanh() * reach - offset) / (levels // 2)).cos().sum().backward()
    bounded = quantizer(values)
    bounded.values.backward(-torch.sin(bounded.latents.detach()))
    torch.testing.assert_close(values.grad, plain.grad)


# lookup-free


def test_lfq_codes_are_the_sign_bits() -> None:
    quantizer = built(LFQ(bits=4))
    values = torch.cat([some(), torch.zeros(1, *TOKENS.sizes)])
    expected = sum(2**bit * (values[..., bit] > 0).long() for bit in range(4))
    found = quantizer(values)
    assert torch.equal(found.codes[..., 0], expected)
    assert torch.equal(found.values, torch.where(values > 0, 1.0, -1.0))


@settings(deadline=None, max_examples=25)
@given(bits=st.integers(1, 6), seed=st.integers(0, 2**31), temperature=st.floats(0.1, 10), diversity=st.floats(0, 2))
def test_lfq_terms_by_brute_force(bits: int, seed: int, temperature: float, diversity: float) -> None:
    random = np.random.default_rng(seed)
    z, mask = random.normal(size=(2, 2, 5, bits)).astype(np.float32), random.random((2, 2, 5)) < 0.7
    mask[0, 0, 0] = True
    quantizer = LFQ(bits=bits, temperature=temperature, diversity=diversity).build(Shape.of("c n d", 2, 5, bits))
    terms = quantizer.losses(quantizer(torch.from_numpy(z)), torch.from_numpy(mask))
    real = z[mask].astype(np.float64)
    book = np.array(list(itertools.product([-1, 1], repeat=bits)))
    logits = -np.square(real[:, None] - book).sum(-1) / temperature
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    mean = p.mean(0)
    entropy = -(p * np.log(p + 1e-300)).sum(-1).mean() + diversity * (mean * np.log(mean + 1e-300)).sum()
    commit = np.square(real - np.where(real > 0, 1, -1)).mean()
    assert float(terms["z.entropy"]) == pytest.approx(entropy, rel=1e-3, abs=1e-4)
    assert float(terms["z.commit"]) == pytest.approx(commit, rel=1e-4)
    assert float(terms["z"]) == pytest.approx(0.25 * commit + 0.1 * entropy, rel=1e-3, abs=1e-4)


def test_lfq_entropy_favours_sure_tokens_and_diverse_codes() -> None:
    quantizer = LFQ(bits=3).build(Shape.of("c n d", 1, 8, 3))
    corners = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=3))).view(1, 1, 8, 3)

    def entropy(values: Tensor) -> float:
        return float(quantizer.losses(quantizer(values))["z.entropy"])

    assert entropy(corners * 5) == pytest.approx(-3 * np.log(2), abs=1e-3)
    assert entropy(torch.zeros(1, 1, 8, 3)) == pytest.approx(0, abs=1e-5)
    assert entropy(torch.full((1, 1, 8, 3), 5.0)) == pytest.approx(0, abs=1e-3)
