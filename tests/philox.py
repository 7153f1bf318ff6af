"""Philox in numpy's integers, a reference for masks of dropout."""

import numpy as np
import torch
from numpy.typing import NDArray

_LOW = np.uint64(2**32 - 1)


def philox(counters: NDArray[np.uint64], seed: int) -> NDArray[np.uint32]:
    """Philox4x32-10 as Salmon et al. (2011) write it: 64-bit counters -> words `(n 4)`."""
    zero = np.zeros_like(counters)
    words = [counters & _LOW, counters >> np.uint64(32), zero, zero]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        one, two = words[0] * np.uint64(0xD2511F53), words[2] * np.uint64(0xCD9E8D57)
        words = [
            (two >> np.uint64(32)) ^ words[1] ^ np.uint64(key[0]),
            two & _LOW,
            (one >> np.uint64(32)) ^ words[3] ^ np.uint64(key[1]),
            one & _LOW,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(words, -1).astype(np.uint32)


def chances(size: int, seed: int) -> NDArray[np.uint16]:
    """The 16 random bits of each of ``size`` elements: eight for every counter."""
    return philox(np.arange(-(-size // 8), dtype=np.uint64), seed).view(np.uint16).reshape(-1)[:size]


def drawn(seed: int) -> int:
    """The number that a mask follows from, if torch's generator was set to ``seed`` before."""
    torch.manual_seed(seed)
    return int(torch.randint(2**63 - 1, ()))
