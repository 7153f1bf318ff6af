"""The nearest code on CUDA: a Triton kernel that keeps the best code so far of each row in registers."""

from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

_SMALL = 16
"""Widths up to this one are multiplied axis by axis in float32; tensor cores take 16 at least."""


@cache
def available() -> bool:
    """Whether Triton is installed."""
    return find_spec("triton") is not None


def nearest(rows: Tensor, codes: Tensor, tf32: bool) -> Tensor:
    """rows `(n e)`, codes `(k e)`, both float32 or bfloat16 -> index `(n)`, without waiting for the device."""
    from zoo.kernels import nearest_triton

    index = torch.empty(len(rows), dtype=torch.int64, device=rows.device)
    half_norms = codes.float().square().sum(-1) / 2
    nearest_triton.launch(rows.contiguous(), codes.contiguous(), half_norms, index, _products(rows, tf32))
    return index


def _products(rows: Tensor, tf32: bool) -> str:
    if rows.shape[1] <= _SMALL:
        return "axes"
    # Values of bfloat16 have fewer bits than tf32 keeps: their products are exact in it.
    return "tf32" if tf32 or rows.dtype == torch.bfloat16 else "ieee"
