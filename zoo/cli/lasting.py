"""A stretch of a program whose objects stay to its end, and which the garbage collector need not look through."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """No collection in the block, nor ever of what it leaves: for imports, whose objects are many and no garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
