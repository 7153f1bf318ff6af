"""Every point is taken by one worker and done once, even if workers are killed."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from multiprocessing.queues import Queue as Pipe
from multiprocessing.synchronize import Barrier

import optuna
import pytest
from forked import FORKS
from optuna.trial import TrialState
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starters import assert_one_starts_and_no_point_waits_twice
from swept import S, Z
from zoo_registry import ZooError

from zoo.sweep.outage import Outage
from zoo.sweep.point import Point
from zoo.sweep.queue import NUMBER, POINT, Queue, create, join
from zoo.sweep.results import RunResult
from zoo.sweep.search import propose
from zoo.sweep.storage import storage_url


@pytest.fixture
def url(tmp_path):
    return storage_url(str(tmp_path / "study.db"))


def take_all(url: str, barrier: Barrier, taken: "Pipe[int]") -> None:
    queue = join(url)
    barrier.wait(120)
    while (trial := queue.claim(str(os.getpid()))) is not None:
        taken.put(trial.user_attrs[NUMBER])


@pytest.mark.slow
def test_workers_never_take_the_same_point(plan, url):
    """More workers than cores, all at the same moment: SQLite alone would hand out points twice."""
    found = plan(vary={Z: list(range(1, 16))})
    create(url, found, resume=False)
    taken, barrier = FORKS.Queue(), FORKS.Barrier(6)
    workers = [FORKS.Process(target=take_all, args=(url, barrier, taken)) for _ in range(6)]
    for worker in workers:
        worker.start()
    numbers = Counter(taken.get(timeout=120) for _ in found.points)
    for worker in workers:
        worker.join()
    assert taken.empty()
    assert numbers == Counter(range(15))


@pytest.mark.slow
def test_one_of_three_that_start_together_starts_and_no_point_is_queued_twice(sweep_of, url):
    assert_one_starts_and_no_point_waits_twice(url, sweep_of(vary={Z: list(range(1, 9))}))


def test_a_point_that_is_queued_twice_is_taken_once(plan, url):
    """Two processes that each add a copy of a dead worker's point do not disturb each other."""
    queue = create(url, plan(vary={Z: [1]}), resume=False)
    twin = queue.storage.get_trial(queue.trials()[0]._trial_id)
    queue.study.add_trial(twin)
    first = queue.claim("me")
    assert first is not None
    assert queue.claim("other") is None
    assert queue.lose("me") == [0]
    second = queue.claim("me")
    assert second is not None
    assert queue.claim("other") is None
    queue.complete(second, [1.0, 1.0, 1.0])
    assert queue.claim("other") is None
    assert queue.finished()


def test_no_worker_counts_as_dead_right_after_an_outage(plan, url):
    """While the database was unavailable, no worker could write a heartbeat."""
    queue = create(url, plan(vary={Z: [1]}, patience=60), resume=False)
    busy = queue.claim("far away")
    age(queue, timedelta(seconds=90))
    failures = [OperationalError("SELECT 1", {}, Exception("shutting down"))]

    def ask() -> None:
        if failures:
            raise failures.pop()

    queue.storage.outage = Outage(url, limit=3600)
    queue.storage.outage.outlast(ask)
    assert queue.claim("me") is None
    assert queue.beat(busy)


def test_points_are_taken_in_order_and_end_once(plan, url):
    queue = create(url, plan(), resume=False)
    seen = []
    while (trial := queue.claim("me")) is not None:
        seen.append(trial.user_attrs[NUMBER])
        assert queue.complete(trial, [0.5, 0.5, 1.0])
        assert not queue.complete(trial, [0.9, 0.9, 0.1])
    assert seen == [0, 1, 2, 3]
    assert queue.finished()
    assert all(trial.values == [0.5, 0.5, 1.0] for trial in queue.trials())


def test_the_point_of_a_dead_worker_is_tried_again_a_limited_number_of_times(plan, url):
    queue = create(url, plan(vary={Z: [1]}, tries=3), resume=False)
    for attempt in (1, 2, 3):
        trial = queue.claim(f"w{attempt}")
        assert trial is not None
        assert queue.claim("other") is None
        assert queue.lose(f"w{attempt}") == [0]
        assert not queue.complete(trial, [1.0, 1.0, 1.0])
    assert queue.claim("other") is None
    assert queue.finished()
    assert [trial.state for trial in queue.trials()] == [TrialState.FAIL] * 3


def age(queue: Queue, by: timedelta) -> None:
    """Make every heartbeat older."""
    with queue.storage.engine.begin() as connection:
        seconds = f"-{by.total_seconds():.0f} seconds"
        connection.execute(text("UPDATE trial_heartbeats SET heartbeat = datetime(heartbeat, :by)"), {"by": seconds})


def test_a_worker_without_heartbeat_counts_as_dead(plan, url):
    queue = create(url, plan(vary={Z: [1]}, patience=60), resume=False)
    silent = queue.claim("far away")
    age(queue, timedelta(seconds=30))
    assert queue.claim("me") is None
    age(queue, timedelta(seconds=40))
    trial = queue.claim("me")
    assert trial is not None
    assert trial.user_attrs[NUMBER] == 0
    assert not queue.beat(silent)
    assert queue.beat(trial)
    assert not queue.complete(silent, [0.0, 0.0, 0.0])
    assert queue.complete(trial, [1.0, 1.0, 1.0])


def test_a_point_released_on_purpose_is_queued_again_and_counts_as_no_try(plan, url):
    queue = create(url, plan(vary={Z: [1]}, tries=1), resume=False)
    for _ in range(3):
        trial = queue.claim("me")
        assert trial is not None
        queue.release(trial)
    assert queue.claim("me") is not None
    assert len(queue.trials()) == 1


def test_failed_points_are_tried_again_when_resumed_and_done_ones_are_not(plan, url):
    found = plan(vary={Z: [1, 2]})
    queue = create(url, found, resume=False)
    queue.complete(queue.claim("me"), [1.0, 1.0, 1.0])
    queue.fail(queue.claim("me"), "the disk is full")
    assert queue.finished()
    again = create(url, found, resume=True)
    trial = again.claim("me")
    assert trial is not None
    assert Point.model_validate(trial.user_attrs[POINT]).settings == {Z: 2}
    assert again.claim("me") is None


def test_the_grid_is_refined_around_the_best_once_its_first_points_are_over(plan, url):
    found = plan(vary={Z: [1, 10, 100], S: [1, 2]}, refine={"points": 2, "by": "mse"})
    queue = create(url, found, resume=False)
    assert found.total == 6 + 4
    taken = [queue.claim("me") for _ in range(6)]
    assert queue.claim("me") is None
    for trial, error in zip(taken, [5, 4, 3, 1, 2, 6], strict=True):
        queue.complete(trial, [0.1, 0.1, float(error)])
    assert queue.centre().label == "z 10, s 2"
    assert queue.claim("me").user_attrs[NUMBER] == 6


def test_a_storage_holds_one_sweep_of_a_name_and_reports_the_field_that_differs(plan, url):
    create(url, plan(), resume=False)
    with pytest.raises(ZooError, match="--resume"):
        create(url, plan(), resume=False)
    with pytest.raises(ZooError, match=r"seeds.*\[0\].*\[1\]"):
        create(url, plan(seeds=[1]), resume=True)
    assert join(url).plan.fingerprint == plan().fingerprint
    create(url, plan(name="other"), resume=False)
    with pytest.raises(ZooError, match="other, small"):
        join(url)
    assert join(url, "other").plan.spec.name == "other"


@pytest.mark.parametrize("given", ["nowhere.db", "nosuch://host/db", "sqlite:////nowhere/at/all.db", "postgresql://"])
def test_a_storage_that_cannot_be_opened_is_refused_in_one_line(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZooError) as caught:
        join(storage_url(given))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
def test_a_search_proposes_within_its_bounds_and_repeats_a_lost_point(plan, url, sampler):
    vary = {
        Z: {"low": 0.1, "high": 10, "spacing": "log"},
        "model.quantizer.codes": {"low": 4, "high": 8, "integer": True},
        S: [1, 2],
    }
    found = plan(vary=vary, method="search", search={"trials": 6, "sampler": sampler})
    queue = create(url, found, resume=False)
    labels = set()
    for number in range(6):
        trial = queue.claim("me")
        point = propose(found, queue.study, trial, number)
        assert 0.1 <= point.settings[Z] <= 10
        assert point.settings["model.quantizer.codes"] in range(4, 9)
        assert point.settings[S] in (1, 2)
        if number == 2:
            queue.lose("me")
            trial = queue.claim("me")
            assert trial.user_attrs[NUMBER] == 2
            assert propose(found, queue.study, trial, number) == point
        labels.add(point.label)
        queue.complete(trial, [0.5, 0.5, float(number)])
    assert len(labels) == 6
    assert queue.finished()
    assert queue.claim("me") is None


def test_runs_are_stored_with_their_trial(plan, url):
    queue = create(url, plan(), resume=False)
    trial = queue.claim("me")
    run = RunResult(seed=0, folder="a", values={"mse": 1.0}, windows=3, fingerprint="f", seconds=1.0)
    trial.set_user_attr("runs", [run.model_dump(mode="json")])
    assert RunResult.model_validate(queue.counted()[0].user_attrs["runs"][0]) == run


@pytest.mark.parametrize("step", ["set_trial_state_values", "set_trial_user_attr"])
def test_a_worker_killed_in_the_middle_of_a_claim_leaves_the_point_queued(plan, url, monkeypatch, step):
    queue = create(url, plan(vary={Z: [1]}), resume=False)

    def die(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(queue.storage, step, die)
        with pytest.raises(KeyboardInterrupt):
            queue.claim("me")
    assert queue.trials(TrialState.WAITING)
    assert queue.claim("other") is not None


def test_optuna_is_quiet(plan, url, capsys):
    queue = create(url, plan(), resume=False)
    queue.complete(queue.claim("me"), [1.0, 1.0, 1.0])
    assert capsys.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.slow
def test_a_worker_handles_interrupts_even_if_its_shell_ignores_them(tmp_path):
    """As started by `zoo sweep … &` in a script; otherwise a worker that lost its point would continue training."""
    code = (
        "import os, runpy, signal, sys, types\n"
        "def work(*_):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    finally:\n"
        "        os.write(2, b'given back')\n"
        "queue = types.SimpleNamespace(join=lambda *_: None, worker_name=lambda *_: 'me')\n"
        "sys.modules['zoo.sweep.queue'] = queue\n"
        "sys.modules['zoo.sweep.worker'] = types.SimpleNamespace(work=work)\n"
        "sys.argv = ['worker', 'name', 'home', 'crew']\n"
        "runpy.run_module('zoo.cli.worker', run_name='__main__')"
    )
    deaf = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE, **deaf
    ) as worker:
        worker.stdin.write(b"sqlite://\n")
        worker.stdin.flush()  # left open, or the worker would consider itself an orphan and interrupt itself too
        said = worker.stderr.read()
    assert (worker.returncode, said) == (-signal.SIGTERM, b"given back")
