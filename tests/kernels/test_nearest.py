"""Every form of the nearest code gives what the plain one gives, to the last index."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from zoo.bench.memory import most_held
from zoo.kernels import nearest_cpu, nearest_rows
from zoo.kernels.nearest import plain

IN_TRITON = """
import random
import torch
from zoo.kernels import nearest_cuda
from zoo.kernels.nearest import plain

chance = random.Random(0)
torch.manual_seed(0)
for turn in range(150):
    n, k, width = (chance.randint(1, most) for most in (150, 150, 70))
    rows, codes = (torch.randint(-3, 4, (size, width)).float() for size in (n, k))
    if turn % 3 == 0:  # codes that are there twice
        codes = codes[torch.arange(k) % max(k // 2, 1)]
    expected = plain(rows, codes)
    for tf32 in (False, True):
        assert torch.equal(nearest_cuda.nearest(rows, codes, tf32), expected), (n, k, width, tf32)
    assert torch.equal(nearest_cuda.nearest(rows.bfloat16(), codes.bfloat16(), False), expected), (n, k, width)
    rows[n // 2] = torch.nan
    assert int(nearest_cuda.nearest(rows, codes, False)[n // 2]) == 0
    assert set(nearest_cuda.nearest(rows, codes * torch.inf, False).tolist()) <= set(range(k))
print("equal")
"""


def whole_numbers(n: int, k: int, width: int, seed: int) -> tuple[Tensor, Tensor]:
    """Rows and codes whose distances have no rounding, with many ties."""
    random = np.random.default_rng(seed)
    rows, codes = (torch.from_numpy(random.integers(-2, 3, (size, width))).float() for size in (n, k))
    return rows, codes


@settings(deadline=None, max_examples=150)
@given(n=st.integers(0, 300), k=st.integers(1, 70), width=st.integers(1, 40), seed=st.integers(0, 2**31))
def test_the_compiled_form_is_the_plain_one(n: int, k: int, width: int, seed: int) -> None:
    rows, codes = whole_numbers(n, k, width, seed)
    expected = (rows[:, None] - codes).square().sum(-1).argmin(-1)
    assert torch.equal(plain(rows, codes), expected)
    assert torch.equal(nearest_cpu.nearest(rows, codes), expected)
    assert torch.equal(nearest_rows(rows, codes, "bf16"), expected)


def test_any_number_of_threads_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, codes = torch.randn(100_001, 9), torch.randn(300, 9)
    found = []
    for threads in (1, 2, 7):
        monkeypatch.setattr(torch, "get_num_threads", lambda number=threads: number)
        found.append(nearest_cpu.nearest(rows, codes))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_rows_need_not_lie_in_order() -> None:
    rows, codes = whole_numbers(50, 20, 6, 0)
    assert torch.equal(nearest_rows(rows.T.contiguous().T, codes[::2]), plain(rows, codes[::2].contiguous()))


@pytest.mark.parametrize("form", [plain, nearest_cpu.nearest, nearest_rows])
def test_what_is_no_number_stays_in_range(form) -> None:
    rows, codes = torch.randn(5, 3), torch.randn(4, 3)
    rows[2, 1] = torch.nan
    assert int(form(rows, codes)[2]) == 0
    assert form(rows, codes * torch.nan).tolist() == [0] * 5
    assert set(form(rows * torch.inf, codes).tolist()) <= set(range(4))


def test_bf16_rounds_before_it_compares() -> None:
    codes = torch.tensor([[1.0], [1.001]])
    assert nearest_rows(torch.tensor([[1.001]]), codes).tolist() == [1]
    assert nearest_rows(torch.tensor([[1.001]]), codes, "bf16").tolist() == [0]


def test_the_operation_is_whole() -> None:
    rows, codes = torch.randn(30, 4), torch.randn(6, 4)
    torch.library.opcheck(torch.ops.shapezoo.nearest.default, (rows, codes, False))


@pytest.mark.parametrize("form", [plain, nearest_rows])
def test_memory_grows_with_rows_and_not_with_codes(form) -> None:
    rows, codes = torch.randn(60_000, 8), torch.randn(2048, 8)
    form(rows, codes)
    block, indices = 4 * 2**21, 8 * 60_000
    assert most_held(lambda: form(rows, codes), rows.device) < 2 * (block + indices) < rows.shape[0] * len(codes)


@pytest.mark.slow
def test_the_triton_kernel_is_the_plain_form_in_the_interpreter() -> None:
    pytest.importorskip("triton")
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "ignore", "-c", IN_TRITON]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "equal", done.stderr
