"""Database outages: operations are retried until the database answers, up to a time limit."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, ProgrammingError, SQLAlchemyError
from zoo_registry import TrainingError
from zoo_registry.redacted import is_clear, redacted_url, without_secrets

T = TypeVar("T")
PAUSE = 0.5
"""Seconds between two attempts."""
_LASTING = (ArgumentError, DataError, IntegrityError, ProgrammingError)
"""Errors that a further attempt would raise again."""


class OutageError(TrainingError):
    """The database of a sweep did not answer within the time limit."""


class _Thread(threading.local):
    waits = False


class Outage:
    """Outages of the database at ``url``; all threads of a process together wait ``limit`` seconds for each."""

    def __init__(self, url: str, limit: float) -> None:
        self._url, self._limit = url, limit
        self._since: float | None = None
        self._end = float("-inf")
        self._hurry = threading.Event()
        self._thread = _Thread()

    def outlast(self, action: Callable[[], T]) -> T:
        """Run ``action`` and return its result; the whole action is repeated until the database answers.

        Raises OutageError after the limit, and at once for a permanent error.
        """
        if self._thread.waits:  # part of an action that is repeated as a whole
            return action()
        self._thread.waits, start = True, None
        try:
            while True:
                try:
                    found = action()
                except (SQLAlchemyError, StorageInternalError) as error:
                    start = start or time.monotonic()
                    self._pause(error, start)
                else:
                    self._over()
                    return found
        finally:
            self._thread.waits = False

    def hurry(self) -> None:
        """Stop waiting: from now on every action has one attempt."""
        self._hurry.set()

    def calm(self, seconds: float) -> bool:
        """Whether there was no outage in the last ``seconds``."""
        return self._since is None and time.monotonic() - self._end >= seconds

    def _pause(self, error: Exception, start: float) -> None:
        cause = error.__cause__ if isinstance(error, StorageInternalError) and error.__cause__ else error
        now = time.monotonic()
        self._since = min(self._since or start, start)
        if isinstance(cause, _LASTING) or self._hurry.is_set() or now - self._since >= self._limit:
            raise OutageError(
                redacted_url(self._url),
                "a database that answers",
                reason_of(cause, self._url) + (f", for {now - self._since:.0f} s" if self._limit else ""),
                "start the server again, then add --resume, or join again",
            ) from None
        self._hurry.wait(PAUSE)

    def _over(self) -> None:
        if self._since is not None:
            self._since, self._end = None, time.monotonic()


def reason_of(error: BaseException, url: str) -> str:
    """The first line of the driver's error message, without the secrets of the URL."""
    if not is_clear(url):
        return f"{type(error).__name__}, whose words may hold a password: percent-encode its signs, %40 for @"
    text = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return without_secrets(text, url).splitlines()[0]
