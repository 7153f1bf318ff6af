"""Termination signals: Ctrl-C, SIGTERM from a scheduler, SIGHUP from a terminal that closes."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

SIGNALS = tuple(s for s in signal.Signals if s.name in ("SIGINT", "SIGTERM", "SIGHUP"))
_UNTOUCHED = (signal.SIG_DFL, signal.default_int_handler)
"""Default handlers; `nohup` makes SIGHUP ignored, and a shell's background job SIGINT."""
_ONE = 1.0
"""Seconds within which signals count as one: `timeout` sends its signal to the process and to its group."""
_AGAIN = 0.05
"""Seconds until a signal is sent again if its exception was lost in a finalizer."""
_SHOW_CURSOR = b"\x1b[?25h"
Act = Callable[[], None]


class Interruption(KeyboardInterrupt):
    """Raised by the termination signal ``number``."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class _State:
    """State of this process: the signal received and its time, whether it may raise, and pending cleanup actions."""

    def __init__(self) -> None:
        self.received: int | None = None
        self.since = 0.0
        self.raising = False
        self.child = False
        self.announced = False
        self.listener = os.getpid()
        self.undone: list[Act] = []


_state = _State()


def listen(child: bool = False) -> None:
    """Exit with one line at a termination signal; signals that were ignored at the start stay ignored.

    A ``child`` started within `held` prints nothing, as its parent prints the line, and ends by the signal itself.
    """
    _state.child, _state.listener = child, os.getpid()
    sys.unraisablehook = _lost
    for number in SIGNALS:
        if signal.getsignal(number) in _UNTOUCHED:
            signal.signal(number, _heed)
    if child and sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


@contextmanager
def raised() -> Iterator[None]:
    """Within the block a signal raises Interruption, except while modules are being imported.

    Even if that exception was swallowed or replaced, Interruption leaves the block.
    """
    _state.raising = True
    try:
        yield
    except BaseException as error:
        if _state.received is None or isinstance(error, KeyboardInterrupt):
            raise
    finally:
        _state.raising = False
        _undo()
    if _state.received is not None:
        raise Interruption(_state.received)


def forget() -> None:
    """Continue after an Interruption that was meant for part of the work."""
    _state.received = None


@contextmanager
def undoing(act: Act) -> Iterator[None]:
    """Call ``act`` at the end of the block, even if the program exits at once, or a signal interrupts ``act``."""
    _state.undone.append(act)
    try:
        yield
    finally:
        act()
        with suppress(ValueError):
            _state.undone.remove(act)


@contextmanager
def held() -> Iterator[None]:
    """Defer signals: in this thread to the end of the block, in processes started within it until they `listen`."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave(number: int) -> NoReturn:
    """End the process now because of the signal ``number``."""
    _undo()
    if _state.child:
        with suppress(ValueError):  # only the main thread may set handlers
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
    say(number)
    os._exit(status(number))


def status(number: int) -> int:
    """The exit status of a program that the signal ``number`` ended, as in shells."""
    return 128 + number


def say(number: int) -> None:
    """Print once what ended the program; without buffers, whose writes the signal may have interrupted."""
    if not _state.announced and not _state.child:
        _state.announced = True
        line = "zoo: interrupted" + ("" if number == signal.SIGINT else f" by {signal.Signals(number).name}")
        with suppress(OSError):  # SIGHUP comes when the terminal is gone
            os.write(2, (_SHOW_CURSOR if os.isatty(2) else b"") + f"{line}\n".encode())


def _heed(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if _state.received is not None:
        if now - _state.since > _ONE:
            leave(number)
        return
    _state.received, _state.since = number, now
    # A forked process, such as a DataLoader worker, has nothing to undo or to print.
    if os.getpid() == _state.listener and (not _state.raising or _imports(frame)):
        leave(number)
    raise Interruption(number)


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported; half imported, it may swallow an exception or turn it into another."""
    while frame is not None and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    return frame is not None


def _lost(unraisable: "sys.UnraisableHookArgs") -> None:
    """If a finalizer was interrupted, which cannot raise: send the signal again after the finalizer has ended."""
    if not isinstance(unraisable.exc_value, Interruption):
        sys.__unraisablehook__(unraisable)
        return
    import threading

    forget()
    threading.Timer(_AGAIN, os.kill, (os.getpid(), unraisable.exc_value.number)).start()


def _undo() -> None:
    """Run the pending cleanup actions, the last first."""
    while _state.undone:
        with suppress(Exception):
            _state.undone[-1]()
        _state.undone.pop()
