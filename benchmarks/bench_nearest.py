"""Speed of nearest-code search and soft assignment, against computing all distances."""

import pytest
import torch
from devices import Measure
from peers import by_distances
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts import choice_entropy, nearest, nearest_few
from zoo.kernels import Few

CPU = [
    *((32_768, 8, 64), (32_768, 8, 512), (32_768, 64, 512), (32_768, 64, 8192), (131_072, 8, 512), (32_768, 256, 512)),
    (2**20, 8, 8192),
]
CUDA = [(n, width, codes) for n in (32_768, 131_072, 2**20) for width in (8, 64, 256) for codes in (64, 512, 8192)]
MOST = 2**32
"""Distances that there is memory for."""
FORMS = {"zoo": nearest, "cdist and argmin": by_distances}


def sizes(device: torch.device) -> list[tuple[int, int, int]]:
    return CUDA if device.type == "cuda" else CPU


@pytest.mark.parametrize("who", FORMS)
@pytest.mark.parametrize(("tokens", "width", "codes"), CUDA, ids=lambda size: str(size))
def test_nearest(measure: Measure, device: torch.device, tokens: int, width: int, codes: int, who: str) -> None:
    """Indices of float32 tokens."""
    if (tokens, width, codes) not in sizes(device):
        pytest.skip("too large for a CPU")
    if who != "zoo" and tokens * codes > MOST:
        pytest.skip(f"{4e-9 * tokens * codes:.0f} GB of distances")
    rows, book = torch.randn(tokens, width, device=device), torch.randn(codes, width, device=device)
    case = f"nearest code, N {tokens}, D {width}, K {codes}"
    index = measure(case, who, lambda: FORMS[who](rows, book), tokens=tokens, width=width, codes=codes)
    assert isinstance(index, Tensor)
    found, best = (rows - book[index]).square().sum(-1), torch.cdist(rows[:1000], book).min(-1).values.square()
    torch.testing.assert_close(found[:1000], best, rtol=1e-4, atol=1e-3)


def few_by_distances(rows: Tensor, codes: Tensor, number: int) -> Few:
    return Few(*torch.cdist(rows, codes).topk(number, largest=False))


FEW = {"zoo": nearest_few, "cdist and topk": few_by_distances}


@pytest.mark.parametrize("who", FEW)
@pytest.mark.parametrize("number", [4, 8])
def test_nearest_few(measure: Measure, device: torch.device, number: int, who: str) -> None:
    """Indices and scores of the few nearest of 512 codes, float32."""
    rows, book = torch.randn(32_768, 16, device=device), torch.randn(512, 16, device=device)
    case = f"nearest {number} codes, N 32768, D 16, K 512"
    found = measure(case, who, lambda: FEW[who](rows, book, number), tokens=32_768, width=16, codes=512)
    assert isinstance(found, Few)
    best = torch.cdist(rows[:1000], book).topk(number, largest=False).values
    torch.testing.assert_close((rows[:1000, None] - book[found.codes[:1000]]).norm(dim=-1), best, rtol=1e-4, atol=1e-3)


def whole_table(rows: Tensor, codes: Tensor) -> Tensor:
    p = F.softmax(-torch.cdist(rows, codes).square(), -1)
    mean = p.mean(0)
    return -(p * p.clamp(min=1e-20).log()).sum(-1).mean() + (mean * mean.clamp(min=1e-20).log()).sum()


CHOICES = {"zoo": lambda rows, codes: choice_entropy(rows, codes, None, 1.0, 1.0), "table of choices": whole_table}


@pytest.mark.parametrize("who", CHOICES)
@pytest.mark.parametrize("codes", [64, 512])
def test_entropy(measure: Measure, device: torch.device, codes: int, who: str) -> None:
    """The entropy term of 32,768 tokens of width 8, with its gradients."""
    rows = torch.randn(32_768, 8, device=device, requires_grad=True)
    book = torch.randn(codes, 8, device=device, requires_grad=True)

    def step() -> tuple[Tensor, ...]:
        return torch.autograd.grad(CHOICES[who](rows, book), (rows, book))

    found = measure(f"entropy with gradients, N 32768, D 8, K {codes}", who, step, tokens=32_768, codes=codes)
    expected = torch.autograd.grad(whole_table(rows, book), (rows, book))
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-6)
