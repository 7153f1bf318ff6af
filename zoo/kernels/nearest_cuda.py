"""The nearest code on CUDA: a Triton kernel that keeps the best code so far of each row in registers."""

from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

SMALL = 16
"""Widths up to this one are multiplied axis by axis in float32; tensor cores take 16 at least."""


@cache
def available() -> bool:
    """Whether Triton is installed."""
    return find_spec("triton") is not None


def nearest(rows: Tensor, codes: Tensor, origin: Tensor, precision: str) -> Tensor:
    """rows `(n e)`, codes `(k e)`, origin `(e)`, float32 -> index `(n)`, without waiting for the device."""
    from zoo.kernels import nearest_triton

    index = torch.empty(len(rows), dtype=torch.int64, device=rows.device)
    rows, origin = rows.contiguous(), origin.contiguous()
    codes = (codes - origin).contiguous()  # a difference keeps the order of its codes in memory
    if precision == "bf16":
        codes = codes.bfloat16().float()
    half_norms = codes.square().sum(-1) / 2
    axes = rows.shape[1] <= SMALL and precision != "bf16"
    nearest_triton.launch(rows, codes, origin, half_norms, index, "axes" if axes else precision)
    return index
