"""The few nearest codes on CUDA: a Triton kernel that keeps the best codes so far of each row in registers."""

import torch
from torch import Tensor

from zoo.kernels.nearest_cuda import SMALL

WIDEST = 128
"""Of wider rows a tile does not fit into the shared memory of every GPU."""


def few(rows: Tensor, codes: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """rows `(n e)`, codes `(k e)`, float32 -> the ``number`` ≤ 8 least scores `(n f)` and their codes `(n f)`,
    without waiting for the device.
    """
    from zoo.kernels import few_triton

    scores = rows.new_empty(len(rows), number)
    index = torch.empty(len(rows), number, dtype=torch.int64, device=rows.device)
    codes = codes.contiguous()
    halves = codes.square().sum(-1) / 2
    few_triton.launch(rows.contiguous(), codes, halves, scores, index, axes=rows.shape[1] <= SMALL)
    index, order = index.sort()
    scores, order = scores.gather(-1, order).sort(stable=True)
    return scores, index.gather(-1, order)
