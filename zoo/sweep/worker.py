"""A worker: claims points of a sweep from the shared storage, one after the other, until none is left."""

import os
import signal
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from zoo_registry import ZooError
from zoo_registry.redacted import without_secrets

from zoo.process.interrupts import forget
from zoo.process.lines import print_line
from zoo.sweep.attempt import attempt
from zoo.sweep.outage import OutageError
from zoo.sweep.point import Point, refined
from zoo.sweep.queue import NUMBER, POINT, Queue
from zoo.sweep.search import propose, pruner_of

POLL = 1.0
"""Seconds between two attempts to claim a point."""


def work(queue: Queue, home: Path, name: str) -> int:
    """Work until every point is over, with runs in folders of ``home``; returns the number of points done here.

    ``name`` is unique among the workers of all machines.

    Waits for points of dead workers and for the end of the first grid, but no longer than twice the sweep's patience
    while nobody works. Raises KeyboardInterrupt after it has returned its point to the waiting ones.
    """
    done, idle = 0, time.monotonic()
    queue.study.pruner = pruner_of(queue.plan.spec.prune)
    while not queue.finished():
        trial = queue.claim(name)
        if trial is not None:
            done += _do(queue, trial, home)
        else:
            time.sleep(POLL)
        if trial is not None or queue.trials(TrialState.RUNNING):
            idle = time.monotonic()
        elif time.monotonic() - idle > 2 * queue.plan.spec.patience:
            break
    return done


def _do(queue: Queue, trial: optuna.Trial, home: Path) -> bool:
    """Run one point until it is done, pruned, failed or released; returns whether it has values now."""
    try:
        with Pulse(queue, trial) as pulse:
            point = _point(queue, trial)
            values = attempt(queue.plan, point, trial, home) if point is not None else None
        if values is not None:
            return queue.complete(trial, values)
        queue.prune(trial)
    except optuna.TrialPruned:
        queue.prune(trial)
    except OutageError:  # not the point's fault; it is restarted after the patience
        raise
    except ZooError as error:
        queue.fail(trial, str(error))
    except UpdateFinishedTrialError:  # another worker has claimed it
        pass
    except KeyboardInterrupt:
        if not pulse.lost:
            with suppress(OutageError):
                queue.release(trial)
            raise
        forget()
    except Exception as error:  # an error in one point must not end the sweep
        for line in without_secrets(traceback.format_exc(), queue.storage.url).splitlines():
            print_line(line, error=True)
        queue.fail(trial, f"{type(error).__name__}: {error}")
    return False


def _point(queue: Queue, trial: optuna.Trial) -> Point | None:
    """The point of a trial; a search or a refinement finds it now; None if nothing is left to refine."""
    if (known := trial.user_attrs.get(POINT)) is not None:
        return Point.model_validate(known)
    number, plan = int(trial.user_attrs[NUMBER]), queue.plan
    point = propose(plan, queue.study, trial, number) if plan.spec.method == "search" else _finer(queue, number)
    if point is not None:
        trial.set_user_attr(POINT, point.model_dump(mode="json"))
    return point


def _finer(queue: Queue, number: int) -> Point | None:
    plan, centre = queue.plan, queue.centre()
    found = refined(plan.spec, plan.axes, centre) if centre is not None else []
    index = number - plan.first
    return found[index] if index < len(found) else None


class Pulse:
    """Sends a heartbeat for a trial every few seconds; interrupts the worker when another has claimed the trial."""

    def __init__(self, queue: Queue, trial: optuna.Trial) -> None:
        self.lost = False
        self._queue, self._trial = queue, trial
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        if isinstance(error, KeyboardInterrupt) and not self.lost:
            self._queue.storage.outage.hurry()
        self._thread.join()

    def _beat(self) -> None:
        interval = self._queue.storage.get_heartbeat_interval()
        while not self._end.wait(interval):
            with suppress(OutageError):  # training continues until it needs the database
                if not self._queue.beat(self._trial) and not self._end.is_set():
                    self.lost = True
                    os.kill(os.getpid(), signal.SIGTERM)
                    return
