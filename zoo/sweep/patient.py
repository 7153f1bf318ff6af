"""Optuna's storage with retries during database outages, and with transactions of several steps."""

from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from typing import Any, Concatenate, ParamSpec, TypeVar

from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy import column, select, table

from zoo.sweep.outage import Outage

P = ParamSpec("P")
T = TypeVar("T")
_STUDIES = table("studies", column("study_id"))


class PatientStorage(RDBStorage):
    """An RDBStorage whose methods all survive an outage of the database.

    A trial without a heartbeat for ``patience`` seconds is restarted by ``repeat``, at most ``tries`` times.
    """

    def __init__(self, url: str, outage: Outage, patience: int, tries: int, engine: dict[str, Any]) -> None:
        self.outage = outage
        self.repeat = RetryHeartbeatStaleTrialCallback(tries - 1, True)
        super().__init__(
            url.replace("{", "{{").replace("}", "}}"),  # it is filled in as a template
            engine_kwargs=engine,
            heartbeat_interval=max(patience // 4, 1),
            grace_period=patience,
            heartbeat_stale_trial_callback=self.repeat,
        )

    def atomically(self, action: Callable[[], T], study: int | None = None) -> T:
        """Run ``action`` and return its result; all its steps by this thread form one transaction.

        No other process runs such a block for the same ``study`` meanwhile. An action that is interrupted by an
        outage is repeated.
        """
        return self.outage.outlast(lambda: self._transaction(action, study))

    def _transaction(self, action: Callable[[], T], study: int | None) -> T:
        with self.engine.begin() as connection:
            if study is not None:
                connection.execute(select(_STUDIES).where(_STUDIES.c.study_id == study).with_for_update())
            self.remove_session()
            # This thread's session from now on: its commits are savepoints of the transaction.
            self.scoped_session(bind=connection, join_transaction_mode="create_savepoint")
            try:
                return action()
            finally:
                self.remove_session()


def _outlasting(method: Callable[Concatenate[PatientStorage, P], T]) -> Callable[Concatenate[PatientStorage, P], T]:
    @wraps(method)
    def outlast(self: PatientStorage, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.outage.outlast(lambda: method(self, *args, **kwargs))

    return outlast


# All methods, as Optuna's cache in front of a storage also calls private ones.
for _name, _method in list(vars(RDBStorage).items()):
    if isfunction(_method) and not _name.startswith("__"):
        setattr(PatientStorage, _name, _outlasting(_method))
