"""A run folder has one writer: a second training is refused before it changes anything."""

import json
import threading
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import lightning as L
import pytest
import torch
from forked import FORKS, Forked
from owners import owner
from small_runs import SHAPES, SIGNAL
from zoo_registry import Registry, TrainingError

from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.stored import stored_evaluation
from zoo.model.build import build
from zoo.process.owned import LOCK_FILE
from zoo.runs.metrics import MetricsFile
from zoo.training.fit import train
from zoo.weights.bundle import save


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_owned_by_another_process_stays_unchanged(run_of, tmp_path, resume):
    path = tmp_path / "run"
    with owner(path), pytest.raises(TrainingError, match="expected a folder that nobody writes to, found process"):
        train(run_of(SIGNAL, {}), path, resume=resume, quiet=True)
    assert [file.name for file in path.iterdir()] == [LOCK_FILE]


@pytest.mark.slow
@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["new", "resumed"])
def test_two_processes_leave_a_folder_owned_by_another_unchanged(spec_of, tmp_path, resume):
    path, spec = tmp_path / "run", tmp_path / "run.json"
    spec.write_text(json.dumps(spec_of(SIGNAL, {}, trainer={"accelerator": "cpu", "devices": 2})))
    with owner(path):
        status, said = Forked(["train", spec, "--out", path, *resume], tmp_path / "said").ended()
    assert (status, said.count("\n")) == (2, 1), said
    assert "expected a folder that nobody writes to, found process" in said
    assert [file.name for file in path.iterdir()] == [LOCK_FILE]


class TryAgain(L.Callback):
    """Starts the same training a second time while it runs, once."""

    def __init__(self, run, path: Path) -> None:
        self.run, self.path = run, path
        self.refusal: TrainingError | None = None

    def on_train_epoch_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        if trainer.current_epoch == 1:
            thread = threading.Thread(target=self.resume)
            thread.start()
            thread.join()

    def resume(self) -> None:
        try:
            train(self.run, self.path, resume=True, quiet=True)
        except TrainingError as error:
            self.refusal = error


def test_a_running_training_cannot_be_resumed_by_another(run_of, tmp_path):
    run = run_of(SIGNAL, {"epochs": 3})
    second = TryAgain(run, tmp_path / "run")
    folder = train(run, tmp_path / "run", quiet=True, hooks=[second])
    assert "a folder that nobody writes to" in str(second.refusal)
    assert [row["epoch"] for row in MetricsFile(folder.metrics).rows()] == ["0", "1", "2"]
    train(run, folder.path, resume=True, quiet=True)


def test_measurements_made_before_a_run_was_trained_further_do_not_count_after_it(run_of, tmp_path):
    """Readers do not own the folder: the bundle may be replaced while they measure."""
    folder = train(run_of(SIGNAL, {}), tmp_path / "run", quiet=True)
    opened = open_run(folder)
    judge_run(opened)
    assert stored_evaluation(folder) is not None
    save(build(opened.run.model), folder.bundle)
    judge_run(opened)
    assert stored_evaluation(folder) is None


def begin(spec: dict, path: Path, barrier: Barrier, seeds: "Queue[int]") -> None:
    torch.set_num_threads(1)
    run = Registry.discover().run(spec)
    barrier.wait()
    try:
        train(run, path, quiet=True)
    except TrainingError:
        return
    seeds.put(run.training.seed)


@pytest.mark.slow
def test_of_two_simultaneous_starts_exactly_one_trains(spec_of, tmp_path):
    for turn in range(2):
        path, barrier, seeds = tmp_path / str(turn), FORKS.Barrier(2), FORKS.Queue()
        specs = [spec_of(SHAPES, {"seed": seed}) for seed in range(2)]
        both = [FORKS.Process(target=begin, args=(spec, path, barrier, seeds)) for spec in specs]
        for process in both:
            process.start()
        for process in both:
            process.join(120)
            assert process.exitcode == 0
        trained = seeds.get(timeout=10)
        assert seeds.empty()
        assert json.loads((path / "run.json").read_text())["seed"] == trained
        assert [row["epoch"] for row in MetricsFile(path / "metrics.csv").rows()] == ["0", "1"]
