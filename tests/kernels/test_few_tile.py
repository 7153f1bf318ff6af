"""The compiled few nearest codes against a sorted table of scores."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from torch import Tensor

from zoo.kernels import nearest_few
from zoo.kernels.few import Few, in_blocks
from zoo.kernels.few_tile import few_of_tiles, scores_of_tile
from zoo.kernels.tile import TILE, Tile


def whole_numbers(n: int, k: int, width: int, seed: int) -> tuple[Tensor, Tensor]:
    """Rows and codes whose scores have no rounding error, with many ties."""
    random = np.random.default_rng(seed)
    rows, codes = (torch.from_numpy(random.integers(-2, 3, (size, width))).float() for size in (n, k))
    return rows, codes


def sorted_table(rows: Tensor, codes: Tensor, number: int) -> Few:
    """The first of a stable sort of all scores, in float64; NaN is infinitely far."""
    rows, codes = rows.double(), codes.double()
    table = (codes.square().sum(-1) / 2 - rows @ codes.T).nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf)
    scores, index = table.sort(stable=True)
    return Few(scores[:, :number].float(), index[:, :number])


def assert_equal(found: Few, expected: Few) -> None:
    assert torch.equal(found.scores, expected.scores)
    assert torch.equal(found.codes, expected.codes)


@settings(deadline=None, max_examples=150)
@given(n=st.integers(0, 300), k=st.integers(1, 70), width=st.integers(1, 40), seed=st.integers(0, 2**31))
@pytest.mark.parametrize("number", range(1, 9))
def test_it_equals_a_stable_sort(number: int, n: int, k: int, width: int, seed: int) -> None:
    number = min(number, k)
    rows, codes = whole_numbers(n, k, width, seed)
    found = nearest_few(rows, codes, number)
    assert_equal(found, sorted_table(rows, codes, number))
    assert_equal(found, Few(*in_blocks(rows, codes, number)))


@pytest.mark.parametrize("number", [3, 8])
@pytest.mark.parametrize("order", ["falling", "rising", "equal"])
def test_more_codes_than_one_look_in_every_order(order: str, number: int) -> None:
    """A falling score is a new least at every code."""
    rows, codes = torch.ones(2 * TILE.rows + 1, 1), torch.arange(1201.0)[:, None]
    rows *= 2 * codes.amax()
    codes = {"falling": codes, "rising": codes.flip(0), "equal": torch.ones_like(codes)}[order]
    assert_equal(nearest_few(rows, codes, number), sorted_table(rows, codes, number))


@pytest.mark.parametrize("number", [4, 8])
def test_rounding_is_that_of_float32(number: int) -> None:
    torch.manual_seed(0)
    rows, codes = torch.randn(1000, 24), torch.randn(1500, 24)
    found, expected = nearest_few(rows, codes, number), sorted_table(rows, codes, number)
    torch.testing.assert_close(found.scores, expected.scores, rtol=0, atol=1e-5)
    assert (found.codes == expected.codes).float().mean() > 0.999
    of_codes = codes.square().sum(-1)[found.codes] / 2 - (rows[:, None] * codes[found.codes]).sum(-1)
    torch.testing.assert_close(found.scores, of_codes, rtol=0, atol=1e-5)


def test_gradients_equal_those_of_the_table() -> None:
    rows, codes = whole_numbers(100, 30, 7, 0)
    rows.requires_grad_()
    weigh = torch.linspace(-1, 2, 5)
    (found,) = torch.autograd.grad((nearest_few(rows, codes, 5).scores * weigh).sum(), rows)
    (expected,) = torch.autograd.grad((sorted_table(rows, codes, 5).scores * weigh).sum(), rows)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("number", [2, 8])
def test_what_is_no_number_is_never_near(number: int) -> None:
    rows, codes = whole_numbers(60, 40, 3, 1)
    rows[2, 1], codes[5, 0], codes[7] = torch.nan, torch.nan, torch.inf
    rows[:, 2], codes[:, 2] = 1, codes[:, 2].abs()  # −∞ for the infinite code, or NaN
    found, expected = nearest_few(rows, codes, number), sorted_table(rows, codes, number)
    assert torch.equal(found.scores, expected.scores)
    there = expected.scores < torch.inf
    assert torch.equal(found.codes, torch.where(there, expected.codes, 0))
    assert not there[2].any()
    assert_equal(found, Few(*in_blocks(rows, codes, number)))


def test_any_number_of_threads_and_order_in_memory_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    rows, codes = torch.randn(20_001, 9), torch.randn(300, 9)
    found = nearest_few(rows, codes, 4)
    assert_equal(nearest_few(rows.T.contiguous().T, codes.T.contiguous().T, 4), found)
    for threads in (2, 7):
        monkeypatch.setattr(torch, "get_num_threads", lambda number=threads: number)
        assert_equal(nearest_few(rows, codes, 4), found)


def test_other_widths_are_refused() -> None:
    with pytest.raises(RuntimeError, match="shape"):
        nearest_few(torch.randn(5, 4), torch.randn(6, 3), 2)


@pytest.mark.parametrize("few", [4, 8])
@pytest.mark.parametrize("tile", [Tile(16, 3, 8), Tile(8, 3, 4), Tile(4, 3, 8), Tile(1, 1, 1)])
def test_tiles_of_every_processor_find_the_least(tile: Tile, few: int) -> None:
    scores_of, few_of = scores_of_tile(tile), few_of_tiles(tile, few)

    @njit
    def run(rows, codes, halves, scores, least, within, near, chosen, lanes):  # type: ignore[no-untyped-def]
        for at in range(len(codes)):
            first = at * codes.shape[2]
            scores_of(rows.ctypes.data, codes[at].ctypes.data, halves[first:].ctypes.data,
                      scores[first:].ctypes.data, least[at].ctypes.data, len(rows))  # fmt: skip
        for lane in range(0, rows.shape[1], lanes):
            few_of(scores[0, lane:].ctypes.data, least[0, lane:].ctypes.data, within.ctypes.data,
                   near[0, lane:].ctypes.data, chosen[0, lane:].ctypes.data, len(codes), 100)  # fmt: skip

    random = np.random.default_rng(0)
    tiles = 40 // tile.codes
    rows = random.integers(-2, 3, (5, tile.rows)).astype(np.float32)
    codes = random.integers(-2, 3, (40, 5)).astype(np.float32)
    halves = np.square(codes).sum(-1) / 2
    scores, least = np.empty((40, tile.rows), np.float32), np.empty((tiles, tile.rows), np.float32)
    near, chosen = np.full((few, tile.rows), np.inf, np.float32), np.zeros((few, tile.rows), np.int32)
    in_tiles = np.ascontiguousarray(-codes.reshape(tiles, tile.codes, 5).transpose(0, 2, 1))
    run(rows, in_tiles, halves, scores, least, np.empty(40, np.int32), near, chosen, tile.lanes)
    expected = halves[:, None] - codes @ rows
    order = np.argsort(expected, 0, kind="stable")[:few]
    np.testing.assert_array_equal(near, np.take_along_axis(expected, order, 0))
    np.testing.assert_array_equal(chosen, order + 100)
