"""Gather the results of a sweep from the shared storage."""

from typing import Any

from optuna.trial import FrozenTrial, TrialState
from zoo_registry.suggest import listed

from zoo.runs.compare import spread
from zoo.sweep.plan import Plan
from zoo.sweep.point import Point, edges
from zoo.sweep.queue import LOWER, POINT, REASON, RUNS, Queue, shown_worker
from zoo.sweep.results import PointResult, RunResult, State, SweepResult, ranked

_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "done",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


def gather(queue: Queue, storage: str) -> SweepResult:
    """Every point with its present state; ``storage`` is the displayed name of the database."""
    plan = queue.plan
    objectives = {name: name not in LOWER for name in plan.spec.objectives}
    points = [
        _point(queue, number, last)
        for number, last in queue.counted().items()
        if not (last.state == TrialState.PRUNED and POINT not in last.user_attrs)  # a finer grid had no more points
    ]
    found = ranked(points, objectives)
    result = SweepResult(
        name=plan.spec.name,
        fingerprint=plan.fingerprint,
        storage=storage,
        total=len(points),
        seeds=list(plan.spec.seeds),
        objectives=objectives,
        points=found,
        best=_best(found, objectives),
        notes=_notes(queue, found),
    )
    return result.model_copy(update={"notes": [*result.notes, *_at_edges(plan, result)]})


def _point(queue: Queue, number: int, last: FrozenTrial) -> PointResult:
    facts: dict[str, Any] = last.user_attrs
    point = Point.model_validate(facts[POINT]) if POINT in facts else Point(levels={})
    runs = [RunResult.model_validate(run) for run in facts.get(RUNS, [])]
    done = last.state == TrialState.COMPLETE
    state: State = _STATES[last.state]
    if state == "failed" and not queue.over(last):
        state = "waiting"  # its worker died a moment ago
    return PointResult(
        number=number,
        state=state,
        label=point.label,
        settings={name: level.label for name, level in point.levels.items()},
        numbers={name: level.number for name, level in point.levels.items() if level.number is not None},
        finer=number >= queue.plan.first,
        values={name: spread([run.values[name] for run in runs]) for name in queue.plan.spec.objectives if done},
        runs=runs,
        tries=len(last.system_attrs.get("retry_history", ())) + (last.state != TrialState.WAITING),
        worker=shown_worker(last),
        reason=_reason(last, state),
    )


def _reason(last: FrozenTrial, state: State) -> str:
    if state == "pruned":
        epochs = len(last.intermediate_values)
        return f"stopped after {epochs} epochs, because other points were better at that epoch"
    lost = "its worker was killed in every attempt, for example because memory ran out"
    return str(last.user_attrs.get(REASON, lost)) if state == "failed" else ""


def _best(points: list[PointResult], objectives: dict[str, bool]) -> dict[str, int]:
    """The best point by each objective in which points differ, the first of equals."""
    done = sorted((point for point in points if point.values), key=lambda point: point.number)
    found = {}
    for name, higher in objectives.items():
        if len(done) == 1 or len({point.values[name].mean for point in done}) > 1:
            values = [point.values[name].mean for point in done]
            found[name] = done[values.index(max(values) if higher else min(values))].number
    return found


def _notes(queue: Queue, points: list[PointResult]) -> list[str]:
    """Sentences on facts that the numbers do not show."""
    notes = []
    data = {run.fingerprint for point in points if point.values for run in point.runs}
    if len(data) > 1 and not any(path.startswith("data") for axis in queue.plan.axes for path in axis.paths):
        notes.append("Points were trained on different data: the path holds other data on some machines.")
    return notes


def _at_edges(plan: Plan, result: SweepResult) -> list[str]:
    """Notes on best points that lie at the first or last of the numbers that were tried."""
    found = []
    for objective, number in result.best.items():
        best = result.point(number)
        names = edges(plan.axes, best.numbers)
        if names and plan.spec.method != "search":
            at = listed([f"{name} ({best.settings[name]})" for name in names])
            found.append(f"The best {objective}, {best.code}, is at the edge of {at}; better values may lie outside.")
    return found
