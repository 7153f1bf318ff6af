"""Loops over numbers, compiled by numba once per machine."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
"""Other threads run meanwhile; a product may be fused with a sum, which rounds once instead of twice."""

_Loop = TypeVar("_Loop", bound=Callable[..., Any])


def compiled(loop: Callable[..., None]) -> Callable[..., None]:
    """``loop`` compiled at its first call, and kept beside the package or in the user's cache where possible."""
    from zoo.kernels.kept import KeptCode

    function: Any = part(loop)
    with suppress(RuntimeError):  # nowhere to keep it
        function._cache = KeptCode(loop)  # as `enable_caching` does, with a cache that lets errors through
    return function  # type: ignore[no-any-return]


def part(loop: _Loop) -> _Loop:
    """``loop`` as a part of loops that are compiled: they may call it."""
    from numba import njit

    return njit(**_OPTIONS)(loop)  # type: ignore[no-any-return]
