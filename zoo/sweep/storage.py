"""The database that the workers of a sweep share: SQLite in the sweep's folder, or any that SQLAlchemy reaches."""

import warnings
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from zoo_registry import SpecError

FILE = "study.db"
_WAIT = 120
"""Seconds that a process waits for another to let go of an SQLite file."""


def storage_url(given: str) -> str:
    """The URL of a storage: as given, or of the SQLite file that is named, or lies in the folder that is named."""
    if "://" in given:
        return given
    path = Path(given)
    return f"sqlite:///{(path / FILE if path.is_dir() else path).resolve()}"


def shown(url: str) -> str:
    """``url`` without its password."""
    return make_url(url).render_as_string(hide_password=True)


def open_storage(url: str, patience: int = 60, tries: int = 3, new: bool = False) -> RDBStorage:
    """The storage at ``url``, in which a trial silent for ``patience`` seconds is begun anew, ``tries`` times at most.

    Raises SpecError where it cannot be opened, or, unless it may be ``new``, where there is none.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=ExperimentalWarning)
    try:
        address = make_url(url)
        lite = address.get_backend_name() == "sqlite"
        if lite and not new and not Path(address.database or "").is_file():
            raise SpecError(
                shown(url), "the storage of a sweep", "none", "name the folder of a sweep, or a database URL"
            )
        engine: dict[str, Any] = {"connect_args": {"timeout": _WAIT}} if lite else {"pool_pre_ping": True}
        storage = RDBStorage(
            url,
            engine_kwargs=engine,
            heartbeat_interval=max(patience // 4, 1),
            grace_period=patience,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(tries - 1, True),
        )
    except (SQLAlchemyError, StorageInternalError, ImportError, ValueError, RuntimeError) as error:
        found = str(error).splitlines()[0]
        raise SpecError("storage", "a database that can be opened", found, "check the URL and its driver") from None
    if lite:
        _one_at_a_time(storage.engine)
    return storage


def _one_at_a_time(engine: Engine) -> None:
    """Let a transaction of SQLite take the file from its first read on.

    SQLite knows no `SELECT … FOR UPDATE`, by which Optuna keeps two workers from taking the same trial: both would read
    that it waits, and both set it running.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transactions of its own

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()
