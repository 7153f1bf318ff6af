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
        self._stamps = _stamps(Path(loop.__code__.co_filename).parent)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Code is kept for a state of all files beside the loop: numba only looks at the loop's own."""
        return (*super()._index_key(sig, codegen), self._stamps)

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


def _stamps(folder: Path) -> tuple[tuple[str, int, int], ...]:
    found = ((path.name, path.stat()) for path in sorted(folder.glob("*.py")))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)
