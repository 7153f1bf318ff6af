"""The nearest code on a CPU: compiled by numba, so that distances are never written down."""

import threading
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from zoo.kernels.compiled import compiled

_Floats = NDArray[np.float32]
_LANES = 128
"""Rows that are worked on side by side: their best distances and codes fit the first cache with them."""
_WORTH = 2**26
"""Products that a further thread must have to itself: it shares the cores with torch's threads, which wait busily for
some milliseconds after their work."""


def nearest(rows: Tensor, codes: Tensor) -> Tensor:
    """rows `(n e)`, codes `(k e)`, float32 -> index `(n)`, by as many threads as torch uses."""
    index = torch.empty(len(rows), dtype=torch.int64)
    if spare := -rows.shape[1] % 8:  # the kernel takes eight axes at a time
        rows, codes = F.pad(rows, (0, spare)), F.pad(codes, (0, spare))
    x, c = rows.contiguous().numpy(), codes.contiguous().numpy()
    half_norms, out = np.square(c).sum(-1) / 2, index.numpy()
    kernel = _kernel()
    parts = max(min(torch.get_num_threads(), rows.numel() * len(codes) // _WORTH), 1)
    edges = np.linspace(0, len(rows), parts + 1).astype(np.intp)
    # Threads of the moment: a pool would not survive a fork, which data loaders do.
    threads = [
        threading.Thread(target=kernel, args=(x[start:end], c, half_norms, out[start:end]))
        for start, end in pairwise(edges[1:])
    ]
    for thread in threads:
        thread.start()
    kernel(x[: edges[1]], c, half_norms, out[: edges[1]])
    for thread in threads:
        thread.join()
    return index


@cache
def _kernel() -> Callable[[_Floats, _Floats, _Floats, NDArray[np.int64]], None]:
    return compiled(_nearest)


def _nearest(x: _Floats, codes: _Floats, half_norms: _Floats, out: NDArray[np.int64]) -> None:
    """The least |c|²/2 − x·c of each row, a block of rows at a time and eight axes at a time.

    The rows of a block are the innermost loop, which becomes vector instructions without a reduction among them. A NaN
    is never less.
    """
    width = x.shape[1]
    rows, score = np.zeros((width, _LANES), np.float32), np.empty(_LANES, np.float32)
    least, chosen = np.empty(_LANES, np.float32), np.empty(_LANES, np.int32)
    for start in range(0, len(x), _LANES):
        size = min(_LANES, len(x) - start)
        for lane in range(size):
            for axis in range(width):
                rows[axis, lane] = x[start + lane, axis]
        least[:] = np.inf
        chosen[:] = 0
        for code in range(len(codes)):
            half, c = half_norms[code], codes[code]
            c0, c1, c2, c3, c4, c5, c6, c7 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
            x0, x1, x2, x3, x4, x5, x6, x7 = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7]
            for lane in range(_LANES):
                score[lane] = (
                    half - x0[lane] * c0 - x1[lane] * c1 - x2[lane] * c2 - x3[lane] * c3
                    - x4[lane] * c4 - x5[lane] * c5 - x6[lane] * c6 - x7[lane] * c7
                )  # fmt: skip
            for axis in range(8, width, 8):
                c, r = codes[code, axis : axis + 8], rows[axis : axis + 8]
                c0, c1, c2, c3, c4, c5, c6, c7 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
                x0, x1, x2, x3, x4, x5, x6, x7 = r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
                for lane in range(_LANES):
                    score[lane] = (
                        score[lane] - x0[lane] * c0 - x1[lane] * c1 - x2[lane] * c2 - x3[lane] * c3
                        - x4[lane] * c4 - x5[lane] * c5 - x6[lane] * c6 - x7[lane] * c7
                    )  # fmt: skip
            for lane in range(_LANES):
                better = score[lane] < least[lane]
                least[lane] = score[lane] if better else least[lane]
                chosen[lane] = code if better else chosen[lane]
        for lane in range(size):
            out[start + lane] = chosen[lane]
