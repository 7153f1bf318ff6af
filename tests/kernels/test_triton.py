"""The Triton kernels without a GPU: in the interpreter, and compiled for two of them."""

import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROBLEMS = """
import random
import torch

def problems():
    chance = random.Random(0)
    torch.manual_seed(0)
    for turn in range(24):
        n, k, width = (chance.randint(1, most) for most in (150, 150, 70))
        rows, codes = (torch.randint(-3, 4, (size, width)).float() for size in (n, k))
        if turn % 3 == 0:  # codes that are there twice
            codes = codes[torch.arange(k) % max(k // 2, 1)]
        if turn % 4 == 0:  # in another order in memory
            rows, codes = rows.T.contiguous().T, codes.T.contiguous().T
        yield turn, chance, rows, codes
"""

NEAREST = """
from zoo.kernels import nearest_cuda
from zoo.kernels.nearest import plain

for _, _, rows, codes in problems():
    origin = torch.randint(-3, 4, rows.shape[1:]).float()
    expected = plain(rows, codes, origin, "exact")
    for precision in ("exact", "tf32", "bf16"):
        found = nearest_cuda.nearest(rows, codes, origin, precision)
        assert torch.equal(found, expected), (rows.shape, codes.shape, precision)
    middle = len(rows) // 2
    rows[middle] = torch.nan
    assert int(nearest_cuda.nearest(rows, codes, origin, "exact")[middle]) == 0
    assert set(nearest_cuda.nearest(rows, codes * torch.inf, origin, "exact").tolist()) <= set(range(len(codes)))
print("equal")
"""

FEW = """
from zoo.kernels import few_cuda
from zoo.kernels.few import in_blocks

for turn, chance, rows, codes in problems():
    number = min(chance.randint(1, 8), len(codes))
    if turn % 5 == 0:
        rows[len(rows) // 2], codes[len(codes) // 3, 0] = torch.nan, torch.nan
    for found, expected in zip(few_cuda.few(rows, codes, number), in_blocks(rows, codes, number), strict=True):
        assert torch.equal(found, expected), (rows.shape, codes.shape, number)
print("equal")
"""


@pytest.mark.parametrize("code", [NEAREST, FEW], ids=["nearest", "few"])
def test_the_kernels_equal_the_plain_forms_in_the_interpreter(code: str) -> None:
    pytest.importorskip("triton")
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "ignore", "-c", PROBLEMS + code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "equal", done.stderr


@pytest.fixture(params=[80, 90])
def compiled(request: pytest.FixtureRequest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compiles a kernel for a GPU of a compute capability; the interpreter takes more than a GPU does."""
    triton = pytest.importorskip("triton", minversion="3.3")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))

    def build(kernel: Any, tensors: dict[str, str], constants: dict[str, Any], size: tuple[int, int, int]) -> Any:
        tile_rows, tile_codes, warps = size
        given = constants | {"tile_rows": tile_rows, "tile_codes": tile_codes}
        given["tile_axes"] = triton.next_power_of_2(max(given["width"], 16))
        source = ASTSource(kernel, tensors | {"n": "i32", "k": "i32"}, given)
        return triton.compile(source, target=GPUTarget("cuda", request.param, 32), options={"num_warps": warps})

    return build


@pytest.mark.parametrize(("products", "width"), [("axes", 8), ("exact", 64), ("tf32", 64), ("bf16", 64)])
def test_the_nearest_code_compiles_for_a_gpu(compiled: Any, products: str, width: int) -> None:
    from zoo.kernels.nearest_triton import _kernel

    tensors = dict.fromkeys(("rows", "codes", "origin", "half_norms"), "*fp32") | {"index": "*i64"}
    assert compiled(_kernel.kernel, tensors, {"width": width, "products": products}, _kernel.sizes[0]).asm["ptx"]


@pytest.mark.parametrize("width", [16, 128])
def test_the_few_nearest_codes_compile_for_a_gpu_and_fit_into_its_memory(compiled: Any, width: int) -> None:
    from zoo.kernels.few_triton import _kernel

    tensors = dict.fromkeys(("rows", "codes", "half_norms", "scores"), "*fp32") | {"index": "*i64"}
    constants = {"width": width, "number": 5, "places": 8, "axes": width <= 16}
    kernel = compiled(_kernel.kernel, tensors, constants, _kernel.sizes[0])
    assert kernel.asm["ptx"]
    assert kernel.metadata.shared <= 99 * 2**10
