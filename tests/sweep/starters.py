"""Processes that start the same sweep, or resume it, at the same moment."""

from collections import Counter
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from forked import FORKS
from optuna.trial import TrialState
from zoo_registry import ZooError

from zoo.sweep.plan import plan_of
from zoo.sweep.queue import NUMBER, create, join


def assert_one_starts_and_no_point_waits_twice(url: str, data: dict[str, Any], count: int = 3) -> None:
    """One of ``count`` processes starts the sweep in ``data``; when all resume it, each point is queued once."""
    barrier, said = FORKS.Barrier(count + 1), FORKS.Queue()
    processes = [FORKS.Process(target=_start, args=(url, data, barrier, said)) for _ in range(count)]
    for process in processes:
        process.start()
    barrier.wait(120)
    lines = sorted(said.get(timeout=120) for _ in processes)
    assert lines[0] == "", lines
    assert all("add --resume" in line for line in lines[1:]), lines
    queue = join(url)
    while (trial := queue.claim("me")) is not None:
        queue.fail(trial, "no room")
    barrier.wait(120)
    assert [said.get(timeout=120) for _ in processes] == [""] * count
    for process in processes:
        process.join()
    waiting = Counter(trial.user_attrs[NUMBER] for trial in queue.trials(TrialState.WAITING))
    assert waiting == Counter(range(queue.plan.total))


def _start(url: str, data: dict[str, Any], barrier: Barrier, said: "Queue[str]") -> None:
    plan = plan_of(data)
    for resume in (False, True):
        barrier.wait(120)
        try:
            create(url, plan, resume)
            said.put("")
        except ZooError as error:
            said.put(str(error))
        except BaseException as error:
            said.put(f"{type(error).__name__}: {error}")
