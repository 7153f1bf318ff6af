"""Random bits from a counter, and dropout by them: compiled loops, imported only where they run."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.kernels.compiled import part

_ROUNDS = 10
_BLOCK = 512
"""Counters whose numbers are drawn together, few enough to stay in a cache; each gives eight elements their bits."""
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


@part
def draw(seed: int, first: int, bits: NDArray[np.uint64]) -> None:
    """Into `bits (2 m)` 128 random bits for each counter from ``first`` on: Philox4x32-10 (Salmon et al. 2011)."""
    keys = np.empty((_ROUNDS, 2), np.uint64)
    for number in range(_ROUNDS):
        keys[number, 0] = (np.uint64(seed) + np.uint64(number) * np.uint64(0x9E3779B9)) & _LOW
        keys[number, 1] = ((np.uint64(seed) >> _HALF) + np.uint64(number) * np.uint64(0xBB67AE85)) & _LOW
    for i in range(len(bits) // 2):
        counter = np.uint64(first) + np.uint64(i)
        a, b, c, d = counter & _LOW, counter >> _HALF, np.uint64(0), np.uint64(0)
        for number in range(_ROUNDS):
            one, two = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
            a, b = (two >> _HALF) ^ b ^ keys[number, 0], two & _LOW
            c, d = (one >> _HALF) ^ d ^ keys[number, 1], one & _LOW
        bits[2 * i], bits[2 * i + 1] = a | b << _HALF, c | d << _HALF  # LLVM finds no vectors in two dimensions


def drop(x: NDArray[Any], seed: int, first: int, least: int, scale: float, out: NDArray[Any]) -> None:
    """Into `out (n)` the elements `x (n)` times ``scale``, or 0 where the 16 bits of an element are below ``least``.

    ``first`` is the counter of the first eight elements.
    """
    bits = np.empty(2 * _BLOCK, np.uint64)
    of_elements = bits.view(np.uint16)
    for start in range(0, len(x), 8 * _BLOCK):
        draw(seed, first + start // 8, bits)
        given, result = x[start : start + 8 * _BLOCK], out[start : start + 8 * _BLOCK]
        for i in range(len(given)):
            result[i] = given[i] * scale if of_elements[i] >= least else 0
