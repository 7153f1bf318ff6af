"""Loops over numbers, compiled by numba once per machine."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any


def compiled(loop: Callable[..., None]) -> Callable[..., None]:
    """``loop`` compiled at its first call, and kept beside the package or in the user's cache where one can be written.

    Other threads run meanwhile; a product may be fused with a sum, which rounds once instead of twice.
    """
    from numba import njit

    from zoo.kernels.kept import KeptCode

    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
    function: Any = njit(**options)(loop)
    with suppress(RuntimeError):  # nowhere to keep it
        function._cache = KeptCode(loop)  # as `enable_caching` does, with a cache that lets errors through
    return function  # type: ignore[no-any-return]
