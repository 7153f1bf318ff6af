"""Compiled loops that numba keeps from one process to the next, made again where what was kept cannot be read."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache


class KeptCode(FunctionCache):  # type: ignore[misc]  # numba is untyped
    """What numba keeps of one function.

    Numba lets the errors of a cut or overwritten file through: an EOFError, or whatever else a pickle raises.
    """

    def __init__(self, loop: Callable[..., None]) -> None:
        super().__init__(loop)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Numba asks for a change of the loop's own file; what a loop is made of may lie in the files beside it."""
        beside = Path(self._py_func.__code__.co_filename).parent.glob("*.py")
        return *super()._index_key(sig, codegen), max(path.stat().st_mtime_ns for path in beside)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The kept code for a signature; None, and nothing kept any more, where it cannot be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep code for the next process; a full disk or a folder without rights keeps nothing from running."""
        with suppress(OSError):
            super().save_overload(sig, data)
