"""Sweeps on a PostgreSQL server: killed workers, outages, several starters, and a password that is never shown."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from forked import Forked
from optuna.trial import TrialState
from postgresql import PASSWORD, Server, server
from starters import assert_one_starts_and_no_point_waits_twice
from swept import S, Z

from zoo.sweep.queue import Queue, join
from zoo.sweep.storage import storage_url

psycopg = pytest.importorskip("psycopg", reason="no driver of PostgreSQL here: pip install 'psycopg[binary]'")
pytestmark = pytest.mark.slow
NINE = {Z: [1, 2, 3], S: [1, 2, 3]}


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture
def database(running: Server) -> str:
    """The name of an empty database."""
    name = f"d{time.monotonic_ns()}"
    facts = {"host": "127.0.0.1", "port": running.port, "user": "zoo", "password": PASSWORD, "dbname": "postgres"}
    with psycopg.connect(**facts, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def urls(running: Server, database: str) -> tuple[str, str]:
    """Two ways to the same database: by its port, and by its socket with the password in the query."""
    secret = quote(PASSWORD, safe="")
    return (
        f"postgresql://zoo:{secret}@127.0.0.1:{running.port}/{database}",
        f"postgresql+psycopg://zoo@/{database}?host={running.folder}&port={running.port}&password={secret}",
    )


def test_one_of_three_that_start_together_starts_and_no_point_is_queued_twice(urls, sweep_of):
    """On a database without tables, which each of them would create."""
    assert_one_starts_and_no_point_waits_twice(storage_url(urls[0]), sweep_of(vary=NINE))


def zoo(folder: Path, *arguments: str) -> Forked:
    """The running program in ``folder``, with its output in a file there."""
    folder.mkdir(parents=True, exist_ok=True)
    return Forked(arguments, folder / "said", folder)


def wait_for(ready: Callable[[], Any], started: Sequence[Forked] = ()) -> Any:
    """What ``ready`` returns once it is true; no started process may end earlier."""
    until = time.monotonic() + 120
    while not (found := ready()):
        assert time.monotonic() < until
        assert all(process.running() for process in started), [process.ended() for process in started]
        time.sleep(0.05)
    return found


def workers_of(queue: Queue) -> list[int]:
    """Processes that are working on a point."""
    workers = (trial.user_attrs.get("worker", "") for trial in queue.trials(TrialState.RUNNING))
    return [int(worker.split(":")[1]) for worker in workers if worker]


def written(folder: Path) -> Mapping[Path, bytes]:
    """Everything below ``folder`` that a user could read, including the names of files."""
    return {path: str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")}


def assert_secret(folder: Path) -> None:
    """Neither the password nor a traceback occurs below ``folder``."""
    forms = {PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), quote_plus(PASSWORD), quote(PASSWORD, safe=" +"),
             repr(PASSWORD)[1:-1], json.dumps(PASSWORD)[1:-1]}  # fmt: skip
    for path, content in written(folder).items():
        assert not [form for form in forms if form.encode() in content], path
        assert b"Traceback" not in content, content.decode(errors="replace")


EPOCHS = 6
"""So many that the second machine joins before the first has trained all points."""


def test_three_workers_on_two_urls_survive_a_kill_and_a_restart_of_the_server(running, urls, sweep_of, tmp_path):
    spec = tmp_path / "sweep.json"
    spec.write_text(json.dumps(sweep_of(set={"training.epochs": EPOCHS}, vary=NINE, patience=8, objectives=["mse"])))
    first = zoo(tmp_path / "a", "sweep", str(spec), "--workers", "2", "--storage", urls[0])
    home = tmp_path / "a" / "sweeps" / "small"
    wait_for((home / "sweep.json").exists, [first])
    second = zoo(tmp_path / "b", "sweep", "--join", urls[1])
    queue = join(storage_url(urls[0]))
    busy = wait_for(lambda: len(found := workers_of(queue)) == 3 and found, [first, second])
    os.kill(busy[0], signal.SIGKILL)
    wait_for(lambda: len(set(workers_of(queue)) - {busy[0]}) >= 2, [first, second])
    queue.storage.engine.dispose()
    running.stop()
    time.sleep(2)
    running.start()
    assert [process.ended()[0] for process in (first, second)] == [0, 0], first.ended()[1]
    found = json.loads((home / "results.json").read_text())
    assert Counter(point["number"] for point in found["points"]) == Counter(range(9))
    assert {point["state"] for point in found["points"]} == {"done"}
    complete = [trial.user_attrs["number"] for trial in queue.trials(TrialState.COMPLETE)]
    assert Counter(complete) == Counter(range(9))
    judged = list(tmp_path.glob("*/sweeps/small/runs/*/eval-validation.json"))
    assert {path.parent.name[:3] for path in judged} == {f"{number:03}" for number in range(9)}
    for path in judged:
        rows = (path.parent / "metrics.csv").read_text().splitlines()
        assert [row.split(",")[0] for row in rows] == ["epoch", *map(str, range(EPOCHS))]
    assert_secret(tmp_path)


def test_a_server_that_stays_down_ends_the_sweep_in_one_line_and_loses_no_point(running, urls, sweep_of, tmp_path):
    spec = tmp_path / "sweep.json"
    parts = {"set": {"training.epochs": 200}, "vary": {Z: [1, 2]}, "patience": 4, "outage": 2, "objectives": ["mse"]}
    spec.write_text(json.dumps(sweep_of(**parts)))
    started = zoo(tmp_path, "sweep", str(spec), "--storage", urls[0], "--out", "out")
    wait_for((tmp_path / "out" / "sweep.json").exists, [started])
    queue = join(storage_url(urls[0]))
    (worker,) = wait_for(lambda: workers_of(queue), [started])
    queue.storage.engine.dispose()
    running.stop()
    try:
        status, said = started.ended()
        assert status == 2
        (line,) = said.splitlines()
        assert "expected a database that answers" in line
        assert "--resume" in line
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    finally:
        running.start()
    assert {number: trial.state for number, trial in queue.counted().items()} == {
        0: TrialState.RUNNING,
        1: TrialState.WAITING,
    }
    assert {wait_for(lambda: queue.claim("me")).user_attrs["number"] for _ in range(2)} == {0, 1}
    assert_secret(tmp_path)
