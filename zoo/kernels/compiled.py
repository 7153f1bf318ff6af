"""Loops over numbers, compiled by numba once per machine."""

from collections.abc import Callable
from typing import Any


def compiled(loop: Callable[..., None]) -> Callable[..., None]:
    """``loop`` compiled at its first call, and kept beside the package or in the user's cache where one can be written.

    Other threads run meanwhile; a product may be fused with a sum, which rounds once instead of twice.
    """
    from numba import njit

    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
    try:
        return njit(cache=True, **options)(loop)  # type: ignore[no-any-return]
    except RuntimeError:  # nowhere to keep it
        return njit(**options)(loop)  # type: ignore[no-any-return]
