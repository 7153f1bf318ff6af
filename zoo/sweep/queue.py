"""The points of a sweep in the shared storage: each is claimed by one worker at a time, and done once."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.storages import fail_stale_trials
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from zoo_registry import SpecError, TrainingError
from zoo_registry.redacted import redacted_url, without_secrets

from zoo.specs.differences import first_difference
from zoo.sweep.patient import PatientStorage
from zoo.sweep.plan import Plan, lasting, plan_of
from zoo.sweep.point import Point
from zoo.sweep.storage import open_storage

NUMBER, POINT, REASON, WORKER, RUNS, CENTRE, SWEEP = "number", "point", "reason", "worker", "runs", "centre", "sweep"
"""Names of the attributes of trials and studies."""


class Queue:
    """One sweep in a storage. Every point is an Optuna trial that waits, with its number, from the start.

    A trial whose worker died counts as failed, and a copy of it with the same number waits. Only the first trial of a
    number that has not failed counts and can be claimed: even if two processes add trials at once, no point runs
    twice.
    """

    def __init__(self, storage: PatientStorage, plan: Plan) -> None:
        self.storage = storage
        self.plan = plan
        self.study = optuna.load_study(study_name=plan.spec.name, storage=storage)
        self._id = storage.get_study_id_from_name(plan.spec.name)

    def fill(self) -> None:
        """Add a waiting trial for every point that is missing or has failed."""
        self.storage.atomically(self._fill, self._id)

    def _fill(self) -> None:
        there = self.counted()
        for number in range(self.plan.total):
            if number not in there or there[number].state == TrialState.FAIL:
                self.storage.create_new_trial(self._id, self._waiting(number, there.get(number)))

    def _waiting(self, number: int, failed: FrozenTrial | None) -> FrozenTrial:
        """A waiting trial of a number: at the point of the failed trial, the planned point, or one yet to be found."""
        facts: dict[str, Any] = {NUMBER: number}
        if failed is not None and POINT in failed.user_attrs:
            return optuna.create_trial(
                state=TrialState.WAITING,
                user_attrs=facts | {POINT: failed.user_attrs[POINT]},
                params=failed.params,
                distributions=failed.distributions,
            )
        if number < len(self.plan.points):
            facts[POINT] = self.plan.points[number].model_dump(mode="json")
        return optuna.create_trial(state=TrialState.WAITING, user_attrs=facts)

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The trials in one of ``states``, or all."""
        found = self.study.get_trials(deepcopy=False, states=states or None)
        return [trial for trial in found if NUMBER in trial.user_attrs]

    def counted(self) -> dict[int, FrozenTrial]:
        """For every number the trial that counts: the first that has not failed, else the last."""
        found: dict[int, FrozenTrial] = {}
        for trial in self.trials():
            before = found.get(trial.user_attrs[NUMBER])
            if before is None or before.state == TrialState.FAIL:
                found[trial.user_attrs[NUMBER]] = trial
        return dict(sorted(found.items()))

    def claim(self, worker: str) -> optuna.Trial | None:
        """Claim a waiting trial for this worker alone; None if there is none now."""
        if self.storage.outage.calm(self.plan.spec.patience):  # no worker can send a heartbeat during an outage
            fail_stale_trials(self.study)
        refining = None
        for number, trial in self.counted().items():
            if trial.state != TrialState.WAITING:
                continue
            if number >= self.plan.first:
                refining = self.first_done() if refining is None else refining
                if not refining:
                    return None
            identity = self._id_of(trial)
            if self.storage.atomically(partial(self._take, identity, worker)):
                return optuna.Trial(self.study, identity)
        return None

    def _take(self, identity: int, worker: str) -> bool:
        """Whether this worker got the waiting trial; a running trial always has a heartbeat and its own worker."""
        self.storage.record_heartbeat(identity)
        with suppress(UpdateFinishedTrialError):
            if self.storage.set_trial_state_values(identity, TrialState.RUNNING):
                self.storage.set_trial_user_attr(identity, WORKER, worker)
                return True
        return False

    def beat(self, trial: optuna.Trial | FrozenTrial) -> bool:
        """Send a heartbeat for the worker of ``trial``; returns whether the trial still belongs to it."""
        self.storage.record_heartbeat(self._id_of(trial))
        return self.storage.get_trial(self._id_of(trial)).state == TrialState.RUNNING

    def _id_of(self, trial: optuna.Trial | FrozenTrial) -> int:
        return self.storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)

    def first_done(self) -> bool:
        """Whether every point of the first grid is over, so that the finer grid can begin."""
        there = self.counted()
        return all(number in there and self.over(there[number]) for number in range(self.plan.first))

    def over(self, last: FrozenTrial) -> bool:
        """Whether the last trial of a number is final: done, pruned, failed with a reason, or lost too often."""
        if last.state == TrialState.FAIL:
            lost = len(last.system_attrs.get("retry_history", ())) + 1
            return REASON in last.user_attrs or lost >= self.plan.spec.tries
        return bool(last.state.is_finished())

    def finished(self) -> bool:
        """Whether every point is over."""
        there = self.counted()
        return len(there) == self.plan.total and all(map(self.over, there.values()))

    def complete(self, trial: optuna.Trial, values: Sequence[float]) -> bool:
        """End a trial with its values; False if another worker has claimed it meanwhile and will end it."""
        return self._end(trial, TrialState.COMPLETE, values)

    def prune(self, trial: optuna.Trial) -> None:
        """End a trial that was stopped early."""
        self._end(trial, TrialState.PRUNED, None)

    def fail(self, trial: optuna.Trial, reason: str) -> None:
        """End a trial that cannot be done, with the reason."""
        with suppress(UpdateFinishedTrialError):
            trial.set_user_attr(REASON, without_secrets(reason, self.storage.url))
            self._end(trial, TrialState.FAIL, None)

    def _end(self, trial: optuna.Trial, state: TrialState, values: Sequence[float] | None) -> bool:
        with suppress(UpdateFinishedTrialError):
            return self.storage.set_trial_state_values(self._id_of(trial), state, values)
        return False

    def release(self, trial: optuna.Trial) -> None:
        """Return the trial of a stopped worker to the waiting trials."""
        self._end(trial, TrialState.WAITING, None)

    def lose(self, worker: str) -> list[int]:
        """Return the trials of a dead worker to the waiting trials; returns the numbers of its points."""
        lost = [trial for trial in self.trials(TrialState.RUNNING) if trial.user_attrs.get(WORKER) == worker]
        again = self.storage.repeat
        for trial in lost:
            with suppress(UpdateFinishedTrialError):
                self.storage.set_trial_state_values(self._id_of(trial), TrialState.FAIL)
                again(self.study, self.storage.get_trial(self._id_of(trial)))
        return [trial.user_attrs[NUMBER] for trial in lost]

    def best(self, objective: str) -> Point | None:
        """The first-grid point with the best value of ``objective``, the first of equals; None if none is done."""
        index = self.plan.spec.objectives.index(objective)
        sign = -1.0 if objective in LOWER else 1.0
        done = [t for n, t in self.counted().items() if n < self.plan.first and t.state == TrialState.COMPLETE]
        if not done:
            return None
        found = max(done, key=lambda trial: sign * trial.values[index])
        return Point.model_validate(found.user_attrs[POINT])

    def centre(self) -> Point | None:
        """The point around which to refine; once chosen it stays, even if points are repeated later.

        None if the sweep is not refined, or no point is done."""
        if (kept := self.study.user_attrs.get(CENTRE)) is not None:
            return Point.model_validate(kept)
        refine = self.plan.spec.refine
        if refine is None:
            return None
        best = self.best(refine.by or self.plan.spec.objectives[0])
        if best is not None:
            self.study.set_user_attr(CENTRE, best.model_dump(mode="json"))
        return best


LOWER = frozenset({"mse"})
"""Objectives for which lower is better."""


def directions(objectives: Sequence[str]) -> list[StudyDirection]:
    """The direction of each objective."""
    return [StudyDirection.MINIMIZE if name in LOWER else StudyDirection.MAXIMIZE for name in objectives]


def create(url: str, plan: Plan, resume: bool) -> Queue:
    """The queue of ``plan`` in the storage at ``url``; created unless ``resume`` finds it.

    Raises TrainingError if a sweep of that name exists and is not to be resumed, or differs.
    """
    spec = plan.spec
    storage = open_storage(url, spec.patience, spec.tries, new=True, outage=spec.outage)
    try:
        storage.atomically(lambda: _begin(storage, plan))
    except DuplicatedStudyError:
        if not resume:
            hint = "add --resume to continue it, or choose another name"
            raise TrainingError(redacted_url(url), f"no sweep named {spec.name}", "one", hint) from None
        study = optuna.load_study(study_name=spec.name, storage=storage)
        require_same(study.user_attrs.get(SWEEP), plan, redacted_url(url))
        study.set_user_attr(SWEEP, plan.dump())
    queue = Queue(storage, plan)
    queue.fill()
    return queue


def _begin(storage: PatientStorage, plan: Plan) -> None:
    """Create the study of ``plan``, without its points; raises DuplicatedStudyError if the name exists."""
    spec = plan.spec
    study = optuna.create_study(study_name=spec.name, storage=storage, directions=directions(spec.objectives))
    study.set_user_attr(SWEEP, plan.dump())


def join(url: str, name: str | None = None, wait: float = 0) -> Queue:
    """The only queue in a storage, or the one called ``name``; waits at most ``wait`` seconds for the database.

    Raises SpecError if there is no such queue, or several and no name.
    """
    storage = open_storage(url, outage=wait, wait=wait)
    names = sorted(optuna.get_all_study_names(storage))
    if name not in names and (name is not None or len(names) != 1):
        found = ", ".join(names) or "none"
        hint = "name the file of the sweep too, as it is stored under its name"
        raise SpecError(redacted_url(url), f"a sweep named {name}" if name else "one sweep", found, hint)
    stored = optuna.load_study(study_name=name or names[0], storage=storage).user_attrs.get(SWEEP)
    if stored is None:
        raise SpecError(redacted_url(url), "a sweep of the zoo", "a study of something else", "name another storage")
    storage.engine.dispose()
    plan = plan_of(stored)
    spec = plan.spec
    return Queue(open_storage(url, spec.patience, spec.tries, outage=spec.outage, wait=wait), plan)


def require_same(stored: Mapping[str, Any] | None, plan: Plan, where: str) -> None:
    """Raise TrainingError that names the first field in which the stored sweep differs."""
    difference = first_difference(lasting(stored or {}), lasting(plan.dump()))
    if difference:
        old, new = difference.shown
        hint = "resume with the spec it was started with, or choose another name"
        raise TrainingError(f"{where}: {difference.field}", f"{old}, as it was started", new, hint)


def worker_name(process: int, crew: str) -> str:
    """A unique name of a worker over all machines; containers may share both host name and process numbers."""
    return f"{socket.gethostname()}:{process}:{crew}"


def running(queue: Queue) -> Iterator[tuple[str, FrozenTrial]]:
    """Workers with their running trials."""
    for trial in queue.trials(TrialState.RUNNING):
        yield shown_worker(trial), trial


def shown_worker(trial: FrozenTrial) -> str:
    """Host and process of the present or last worker of a trial; empty if it had none."""
    return ":".join(str(trial.user_attrs.get(WORKER, "")).split(":")[:2])
