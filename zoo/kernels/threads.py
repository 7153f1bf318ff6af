"""Work shared among threads: torch's own where there are any, as theirs wait busily for more on the cores it needs."""

import ctypes
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import torch

_Parallel = Callable[[Any, None, int, int], None]
_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def share(work: Callable[[], None], threads: int) -> None:
    """Call ``work``, which takes parts until none is left, in as many threads at once; raise what it raises.

    In a process forked after that, several threads hang, as torch's own operations do; one, as data loaders set, does
    not.
    """
    failed: list[BaseException] = []

    def entry(_: object = None) -> None:
        try:
            work()
        except BaseException as error:  # nothing may leave a function that C calls, not even Ctrl-C
            failed.append(error)

    parallel = _openmp()
    if threads == 1:
        entry()
    elif parallel is not None:
        parallel(_ENTRY(entry), None, threads, 0)
    else:
        _in_threads(entry, threads)
    if failed:
        raise failed[0]


def in_parts(loop: Callable[[slice], None], length: int, size: int) -> None:
    """Call ``loop`` for all parts of ``length``, of ``size`` each, by as many threads as torch uses.

    The parts do not depend on the threads; a further thread has two of them at least.
    """
    firsts = iter(range(0, length, size))

    def work() -> None:
        for first in firsts:
            loop(slice(first, min(first + size, length)))

    share(work, min(torch.get_num_threads(), length // (2 * size) + 1))


def _in_threads(entry: Callable[[], None], number: int) -> None:
    helpers = [threading.Thread(target=entry) for _ in range(number - 1)]
    for helper in helpers:
        helper.start()
    entry()
    for helper in helpers:
        helper.join()


@cache
def _openmp() -> _Parallel | None:
    """The beginning of a parallel region in the OpenMP of GNU, which torch brings on Linux; None elsewhere."""
    try:
        return ctypes.CDLL(None).GOMP_parallel
    except (AttributeError, OSError, TypeError):
        return None
