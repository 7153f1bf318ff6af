"""The database that the workers of a sweep share: SQLite in the sweep's folder, or any that SQLAlchemy supports."""

import logging
import re
import time
import warnings
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from zoo_registry import SpecError
from zoo_registry.redacted import redacted_url

from zoo.io.files import resolved
from zoo.sweep.outage import Outage, OutageError, reason_of
from zoo.sweep.patient import PatientStorage

FILE = "study.db"
_WAIT = 120
"""Seconds that a process waits for another to release an SQLite file."""
_RACES = 20
"""Attempts to find tables that another process is creating."""
_LIKE_URL = re.compile(r"[A-Za-z][\w+.-]+:/|[^/]*:[^/]*@")
"""Malformed URLs that are not paths: one slash missing, or no scheme."""


def storage_url(given: str) -> str:
    """The URL of a storage, from a URL, an SQLite file, or a folder that contains one.

    The URL of a file has its absolute path. Raises SpecError, without showing secrets, for text that is not a valid
    URL, and for a database in memory, which no other process can reach.
    """
    if "://" not in given:
        if _LIKE_URL.match(given) and not Path(given).exists():
            hint = "write :// behind the scheme of a URL, or name a file that is there"
            raise SpecError("storage", "a URL or a path", f"{redacted_url(given)}, which is neither", hint)
        path = Path(given)
        return _file_url(path / FILE if path.is_dir() else path, URL.create("sqlite"))
    address = _address(given)
    if address.drivername not in ("sqlite", "sqlite+pysqlite") or "uri" in address.query:
        return address.render_as_string(hide_password=False)
    if any(part is not None for part in (address.username, address.password, address.host, address.port)):
        raise SpecError("storage", "sqlite:///PATH", f"{redacted_url(given)}, which names a host", "name a file")
    if address.database in (None, "", ":memory:"):
        raise SpecError("storage", "a database that other processes reach", "SQLite in memory", "name a file")
    return _file_url(Path(address.database or ""), address)


def _file_url(path: Path, address: URL) -> str:
    return address.set(database=str(resolved(path))).render_as_string()


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        address.get_backend_name()
    except (ArgumentError, ValueError):
        hint = "percent-encode the signs of its password, %40 for @; docs/sweeps.md has an example"
        raise SpecError("storage", "a database URL", f"{redacted_url(url)}, which cannot be read", hint) from None
    return address


def open_storage(
    url: str, patience: int = 60, tries: int = 3, new: bool = False, outage: float = 0, wait: float = 0
) -> PatientStorage:
    """Open the storage at ``url``; a trial without a heartbeat for ``patience`` seconds is restarted, at most ``tries``
    times.

    Waits up to ``wait`` seconds for it now, and up to ``outage`` seconds in later outages. Raises SpecError if it
    cannot be opened, or if it does not exist and ``new`` is False.
    """
    _quiet()
    address = _address(url)
    lite = address.get_backend_name() == "sqlite"
    if lite and not new and "uri" not in address.query and not Path(address.database or "").is_file():
        hint = "name the folder of a sweep, or a database URL"
        raise SpecError(redacted_url(url), "the storage of a sweep", "none", hint)
    engine: dict[str, Any] = {"connect_args": {"timeout": _WAIT}} if lite else {"pool_pre_ping": True}
    # A file has no server that could restart: its errors are permanent.
    later = Outage(url, 0 if lite else outage)
    try:
        storage = Outage(url, wait).outlast(lambda: _tables(url, later, patience, tries, engine))
    except OutageError as error:
        raise _unopened(error.found) from None
    except ImportError as error:
        found = str(error.__cause__ or error)
        hint = 'install it, for PostgreSQL by `pip install "shapezoo[postgresql]"`'
        raise SpecError("storage", f"a driver of {address.get_backend_name()}", found, hint) from None
    except (ValueError, RuntimeError, TypeError) as error:
        raise _unopened(reason_of(error, url)) from None
    if lite:
        _one_at_a_time(storage.engine)
    return storage


def _quiet() -> None:
    """Do not log errors of the database with their tracebacks, as they are raised too."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=ExperimentalWarning)
    for name in ("sqlalchemy", "psycopg"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _unopened(found: str) -> SpecError:
    return SpecError("storage", "a database that can be opened", found, "check the URL, its driver and the server")


def _tables(url: str, outage: Outage, patience: int, tries: int, engine: dict[str, Any]) -> PatientStorage:
    """The storage, with its tables created; repeats if another process creates them at the same moment."""
    for _ in range(_RACES):
        try:
            return PatientStorage(url, outage, patience, tries, dict(engine))
        except (SQLAlchemyError, StorageInternalError) as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
            time.sleep(0.1)
    return PatientStorage(url, outage, patience, tries, dict(engine))


def _one_at_a_time(engine: Engine) -> None:
    """Make every SQLite transaction lock the file from its first read on.

    SQLite has no `SELECT … FOR UPDATE`, with which Optuna prevents two workers from claiming the same trial: both would
    read that it waits, and both would start it.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver starts no transactions itself

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()
