"""Sweeps from the command line: workers killed, stopped, joined; grids refined, points pruned and refused."""

import csv
import json
import os
import re
import signal
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest
from forked import Forked
from swept import S, Z

from zoo.cli.main import main
from zoo.sweep.folder import SweepFolder
from zoo.sweep.queue import join
from zoo.sweep.storage import storage_url

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def written(home, sweep_of):
    """Writes a sweep file and returns its path."""

    def write(**parts):
        file = home / "sweep.json"
        file.write_text(json.dumps(sweep_of(**parts)))
        return str(file)

    return write


def sweep(home: Path, *arguments: str) -> Forked:
    """The running command in ``home``."""
    return Forked(["sweep", *arguments], home / "said", home)


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def busy_worker(started: Forked, folder: Path, epochs: int) -> int:
    """The process of a worker that has trained a point for at least the given number of epochs."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        assert started.running(), started.ended()
        for metrics in folder.glob("runs/*/metrics.csv"):
            if len(metrics.read_text().splitlines()) > epochs:
                for trial in join(storage_url(str(folder))).trials(optuna.trial.TrialState.RUNNING):
                    if metrics.parent.name.startswith(f"{trial.user_attrs['number']:03}-"):
                        return int(trial.user_attrs["worker"].split(":")[1])
        time.sleep(0.02)
    raise AssertionError("no worker trained")


def test_a_killed_worker_costs_only_time_and_every_point_is_done_once(home, written):
    """Two workers; one is killed in the middle of a point, which is long enough not to end while it is looked for."""
    epochs = 16
    spec = written(set={"training.epochs": epochs}, vary={Z: [1, 5, 10]})
    folder = home / "sweeps" / "small"
    started = sweep(home, spec, "--workers", "2")
    killed = busy_worker(started, folder, 2)
    os.kill(killed, signal.SIGKILL)
    status, said = started.ended()
    assert status == 0, said
    found = results(folder)
    assert Counter(point["number"] for point in found["points"]) == Counter(range(3))
    assert {point["state"] for point in found["points"]} == {"done"}
    again = [point for point in found["points"] if point["tries"] > 1]
    assert len(again) == 1
    assert not again[0]["worker"].endswith(f":{killed}")
    queue = join(storage_url(str(folder)))
    complete = [trial.user_attrs["number"] for trial in queue.trials(optuna.trial.TrialState.COMPLETE)]
    assert Counter(complete) == Counter(range(3))
    with (folder / "runs" / again[0]["runs"][0]["folder"] / "metrics.csv").open() as file:
        trained = [row["epoch"] for row in csv.DictReader(file)]
    assert trained == [str(epoch) for epoch in range(epochs)]
    assert "sweep.html" in said
    assert len(list((folder / "runs").glob("*/bundle"))) == 3


def test_ctrl_c_stops_the_workers_and_resume_continues(home, written, capfd):
    spec = written(set={"training.epochs": 200}, vary={Z: [1, 10]})
    folder = home / "sweeps" / "small"
    started = sweep(home, spec)
    worker = busy_worker(started, folder, 3)
    started.signal(signal.SIGINT)
    status, said = started.ended()
    assert (status, said.count("interrupted")) == (130, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    states = {trial.user_attrs["number"]: trial.state for trial in join(storage_url(str(folder))).trials()}
    assert set(states.values()) == {optuna.trial.TrialState.WAITING}
    assert main(["sweep", spec]) == 2
    assert "--resume" in capfd.readouterr().err
    before = len(list((folder / "runs").glob("*/metrics.csv")))
    again = sweep(home, spec, "--resume")
    try:
        assert busy_worker(again, folder, before) != worker
    finally:
        again.signal(signal.SIGINT)
        assert again.ended()[0] == 130


def test_a_point_may_be_trained_by_several_processes(home, written):
    spec = written(set={"training.epochs": 1, "trainer.devices": 2, "trainer.accelerator": "cpu"}, vary={Z: [1]})
    status, said = sweep(home, spec).ended()
    assert status == 0, said
    assert "1 of 1 points" in said


def test_workers_end_with_the_program_that_started_them(home, written):
    spec = written(set={"training.epochs": 500}, vary={Z: [1, 10]})
    started = sweep(home, spec)
    worker = busy_worker(started, home / "sweeps" / "small", 2)
    started.signal(signal.SIGKILL)
    started.ended()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the worker goes on alone")


def test_seeds_are_averaged_a_grid_is_refined_and_the_page_shows_it(home, written, capsys):
    spec = written(
        set={"training.epochs": 1}, vary={Z: [1, 9]}, seeds=[0, 1], refine={"points": 1, "by": "mse"},
        objectives=["mse", "codebook"],
    )  # fmt: skip
    status, said = sweep(home, spec, "--json").ended()
    assert status == 0, said
    found = json.loads(said[said.index("{") :])
    folder = SweepFolder(home / "sweeps" / "small")
    assert found == results(folder.path)
    assert sorted(point["label"] for point in found["points"]) == ["z 1", "z 5", "z 9"]
    assert [point["finer"] for point in sorted(found["points"], key=lambda p: p["number"])] == [False, False, True]
    for point in found["points"]:
        each = [run["values"]["mse"] for run in point["runs"]]
        assert len(each) == 2
        assert each[0] != each[1]
        assert point["values"]["mse"]["mean"] == pytest.approx(sum(each) / 2)
        stored = json.loads((folder.runs / point["runs"][0]["folder"] / "eval-validation.json").read_text())
        assert stored["reconstruction"][-1]["mse"] == each[0]
        assert not (folder.runs / point["runs"][0]["folder"] / "eval.json").exists()
    assert len(rows(folder.path)) == 3
    page = folder.page.read_text()
    assert page.count("<svg") == 2 + 3
    assert not re.search(r"<script|https?://(?!www\.w3\.org)", page)
    assert main(["sweep", spec, "--resume"]) == 0
    assert "3 of 3 points" in capsys.readouterr().out


def test_a_second_machine_joins_with_the_storage_alone(home, written):
    """The points are queued and nobody works: as if the first machine had done nothing yet."""
    from zoo.sweep.plan import read_plan
    from zoo.sweep.queue import create

    plan = read_plan(Path(written(set={"training.epochs": 1}, vary={Z: [1, 2]}, objectives=["mse"])))
    url = storage_url(str(home / "shared.db"))
    create(url, plan, resume=False)
    status, said = sweep(home, "--join", url, "--out", "elsewhere").ended()
    assert status == 0, said
    assert "2 of 2 points" in said
    assert len(list((home / "elsewhere" / "runs").iterdir())) >= 2
    assert not list((home / "elsewhere").glob("runs/*/codebook*"))
    assert (home / "elsewhere" / "sweep.html").exists()


def test_a_search_continues_after_invalid_points_and_prunes_bad_ones(home, written):
    vary = {
        "training.optimizer.lr": {"low": 1e-6, "high": 0.01, "spacing": "log"},
        "model.encoder.patches": [8, 7],
    }
    spec = written(
        set={"training.epochs": 4}, vary=vary, method="search", search={"trials": 12, "sampler": "random", "seed": 1},
        objectives=["mse"], prune={"warmup": 1},
    )  # fmt: skip
    status, said = sweep(home, spec, "--workers", "2").ended()
    assert status == 0, said
    found = results(home / "sweeps" / "small")
    states = Counter(point["state"] for point in found["points"])
    assert states["done"] >= 4
    assert states["failed"] >= 1
    assert states["done"] + states["failed"] + states["pruned"] == 12
    for point in found["points"]:
        if point["state"] == "failed":
            assert point["settings"]["patches"] == "7"
            assert "patches" in point["reason"]
        if point["state"] == "pruned":
            assert "epochs" in point["reason"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep"], "--join"),
        (["sweep", "{spec}", "--join", "x", "--resume"], "--join"),
        (["sweep", "--join", "nowhere"], "nowhere"),
        (["sweep", "nothing.json"], "nothing.json"),
        (["sweep", "{spec}", "--workers", "0"], "workers"),
    ],
)
def test_mistakes_give_one_line_and_status_2(written, capsys, arguments, words):
    spec = written()
    assert main([part.replace("{spec}", spec) for part in arguments]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line


def test_a_dry_run_counts_and_trains_nothing(home, written, capsys):
    assert main(["sweep", written(seeds=[0, 1, 2], refine={"points": 2}), "--dry"]) == 0
    printed = capsys.readouterr().out
    assert "24 runs" in printed
    assert S in printed
    assert not (home / "sweeps").exists()
