"""Every implementation of nearest-code search gives the same indices as the plain one."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from torch import Tensor

from zoo.bench.memory import most_held
from zoo.kernels import nearest_cpu, nearest_rows
from zoo.kernels.nearest import Precision, plain
from zoo.kernels.nearest_tile import least_of_tile
from zoo.kernels.tile import TILE, Tile


def whole_numbers(n: int, k: int, width: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, codes and an origin whose distances have no rounding error, with many ties."""
    random = np.random.default_rng(seed)
    rows, codes, origin = (torch.from_numpy(random.integers(-2, 3, (s, width))).float() for s in (n, k, 1))
    return rows, codes, origin[0]


def on_a_cpu(rows: Tensor, codes: Tensor, origin: Tensor, _: str) -> Tensor:
    return nearest_cpu.nearest(rows, codes, origin)


FORMS = [plain, on_a_cpu, nearest_rows]


@settings(deadline=None, max_examples=150)
@given(n=st.integers(0, 300), k=st.integers(1, 70), width=st.integers(1, 40), seed=st.integers(0, 2**31))
@pytest.mark.parametrize("precision", ["exact", "tf32", "bf16"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_finds_the_nearest(form, precision: Precision, n: int, k: int, width: int, seed: int) -> None:
    rows, codes, origin = whole_numbers(n, k, width, seed)
    expected = (rows[:, None] - codes).square().sum(-1).argmin(-1)
    assert torch.equal(form(rows, codes, origin, precision), expected)


@pytest.mark.parametrize("tile", [Tile(16, 3, 8), Tile(8, 3, 4), Tile(4, 3, 8), Tile(1, 1, 1)])
def test_tiles_of_every_processor_find_the_minimum(tile: Tile) -> None:
    """Each can be compiled on any processor, but runs slower than on its own."""
    least_of = least_of_tile(tile)

    @njit
    def run(rows, codes, halves, least, chosen, first):  # type: ignore[no-untyped-def]
        least_of(rows.ctypes.data, codes.ctypes.data, halves.ctypes.data, least.ctypes.data, chosen.ctypes.data,
                 len(rows), first)  # fmt: skip

    random = np.random.default_rng(0)
    least, chosen = np.full(tile.rows, np.inf, np.float32), np.zeros(tile.rows, np.int32)
    rows = random.integers(-2, 3, (5, tile.rows)).astype(np.float32)
    codes = random.integers(-2, 3, (3 * tile.codes, 5)).astype(np.float32)
    for first in range(0, len(codes), tile.codes):
        some = codes[first : first + tile.codes]
        run(rows, np.ascontiguousarray(-some.T), np.square(some).sum(-1) / 2, least, chosen, first)
    scores = np.square(codes).sum(-1)[:, None] / 2 - codes @ rows
    np.testing.assert_array_equal(least, scores.min(0))
    np.testing.assert_array_equal(chosen, scores.argmin(0))


def test_any_number_of_threads_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, codes, origin = torch.randn(100_001, 9), torch.randn(300, 9), torch.randn(9)
    found = []
    for threads in (1, 2, 7):
        monkeypatch.setattr(torch, "get_num_threads", lambda number=threads: number)
        found.append(nearest_cpu.nearest(rows, codes, origin))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_rows_need_not_be_contiguous() -> None:
    rows, codes, origin = whole_numbers(50, 20, 6, 0)
    expected = plain(rows, codes, origin, "exact")
    assert torch.equal(nearest_rows(rows.T.contiguous().T, codes.T.contiguous().T, origin), expected)
    assert torch.equal(nearest_rows(rows, codes.repeat_interleave(2, 0)[::2], origin), expected)


@pytest.mark.parametrize("form", FORMS)
def test_indices_stay_in_range_for_values_that_are_no_numbers(form) -> None:
    rows, codes, origin = torch.randn(5, 3), torch.randn(TILE.codes + 1, 3), torch.zeros(3)
    rows[2, 1] = torch.nan
    assert int(form(rows, codes, origin, "exact")[2]) == 0
    assert form(rows, codes * torch.nan, origin, "exact").tolist() == [0] * 5
    assert set(form(rows * torch.inf, codes, origin, "exact").tolist()) <= set(range(len(codes)))


def test_bf16_rounds_before_it_compares() -> None:
    codes, origin = torch.tensor([[1.0], [1.001]]), torch.zeros(1)
    assert nearest_rows(torch.tensor([[1.001]]), codes, origin).tolist() == [1]
    assert nearest_rows(torch.tensor([[1.001]]), codes, origin, "bf16").tolist() == [0]


@pytest.mark.parametrize("precision", ["exact", "bf16"])
def test_the_operation_passes_opcheck(precision: Precision) -> None:
    arguments = (torch.randn(30, 4), torch.randn(6, 4), torch.randn(4), precision)
    torch.library.opcheck(torch.ops.shapezoo.nearest.default, arguments)


@pytest.mark.parametrize("form", [plain, nearest_rows])
def test_memory_grows_with_rows_and_not_with_codes(form) -> None:
    rows, codes, origin = torch.randn(60_000, 8), torch.randn(2048, 8), torch.zeros(8)
    form(rows, codes, origin, "exact")
    block, indices = 4 * 2**21, 8 * 60_000
    held = most_held(lambda: form(rows, codes, origin, "exact"), rows.device)
    assert held < 2 * (block + indices) < rows.shape[0] * len(codes)


@pytest.mark.slow
def test_a_million_tokens_and_eight_thousand_codes_take_a_gigabyte_at_most() -> None:
    """Resident memory of the whole process, including that of numpy and numba."""
    pytest.importorskip("resource")
    code = """
import resource, torch
from zoo.contracts import nearest

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

torch.manual_seed(0)
rows, codes = torch.randn(2**20, 8), torch.randn(8192, 8)
nearest(rows[:1000], codes)
before = peak()
index = nearest(rows, codes)
some = torch.arange(0, 2**20, 2**12)
assert torch.equal(index[some], torch.cdist(rows[some].double(), codes.double()).argmin(-1))
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2**30
