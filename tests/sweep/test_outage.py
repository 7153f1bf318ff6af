"""An unavailable database is waited for, up to a limit; an interrupted action is repeated as a whole."""

import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError, ProgrammingError

from zoo.sweep import outage
from zoo.sweep.outage import Outage, OutageError

URL = "postgresql://me:hunter2@host/db"


def away(kind=OperationalError):
    """The error of Optuna when the driver raises ``kind``."""
    error = StorageInternalError("An exception is raised during the commit.")
    error.__cause__ = kind("SELECT 1", {}, Exception("refused hunter2\nIs it running?"))
    return error


class Database:
    """Fails the given number of times, then answers."""

    def __init__(self, failures, error=OperationalError):
        self.failures, self.error, self.calls = failures, error, 0

    def ask(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise away(self.error)
        return self.calls


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(outage, "PAUSE", 0)


def test_a_short_outage_is_survived():
    assert Outage(URL, limit=3600).outlast(Database(5).ask) == 6


def test_after_the_limit_one_line_is_printed_without_the_password():
    with pytest.raises(OutageError) as caught:
        Outage(URL, limit=0.01).outlast(Database(10**9).ask)
    line = str(caught.value)
    assert "--resume" in line
    assert "refused ***" in line
    assert "hunter2" not in line
    assert "running" not in line


def test_an_error_that_stays_is_not_waited_for():
    database = Database(10**9, ProgrammingError)
    with pytest.raises(OutageError):
        Outage(URL, limit=3600).outlast(database.ask)
    assert database.calls == 1


def test_without_patience_there_is_one_attempt():
    found, database = Outage(URL, limit=3600), Database(10**9)
    found.hurry()
    with pytest.raises(OutageError):
        found.outlast(database.ask)
    assert database.calls == 1
    assert found.outlast(lambda: "back") == "back"


def test_steps_of_an_action_are_repeated_together():
    """Otherwise a transaction would continue without its first half."""
    found, database, steps = Outage(URL, limit=3600), Database(1), []

    def action():
        steps.append("first")
        found.outlast(database.ask)
        steps.append("second")

    found.outlast(action)
    assert steps == ["first", "first", "second"]


def test_for_a_while_after_an_outage_it_is_not_calm():
    found = Outage(URL, limit=3600)
    assert found.calm(3600)
    found.outlast(Database(1).ask)
    assert not found.calm(3600)
    assert found.calm(0)


def test_errors_of_the_action_itself_are_raised():
    with pytest.raises(KeyError):
        Outage(URL, limit=3600).outlast({}.popitem)
