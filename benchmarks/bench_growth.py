"""How the time and memory of whole commands grow with the number of windows: `zoo` as a user starts it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

WINDOWS, CHANNELS, LENGTH, CLASSES = 320, 3, 500, 4
COMMANDS = {
    "data": ["data", "npy:windows"],
    "train, 1 epoch": ["train", "run.json", "--out", "{new}"],
    "eval": ["eval", "run"],
    "codebook": ["codebook", "run"],
    "tokenize": ["tokenize", "run", "npy:windows", "--out", "tokens.npz"],
}


@pytest.fixture(scope="module", params=[1, 4, 16], ids=lambda times: f"x{times}")
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A folder with data, a spec and a run of one epoch, and the number of windows."""
    folder, windows = tmp_path_factory.mktemp("growth"), request.param * WINDOWS
    write_windows(folder / "windows", {"train": windows, "test": windows // 4})
    shown = zoo(folder, "presets", "show", "shapes", "--data", "windows", "--set", "training.epochs=1")
    (folder / "run.json").write_text(shown)
    zoo(folder, "train", "run.json", "--out", "run")
    return folder, windows


@pytest.mark.parametrize("command", COMMANDS)
def test_growth(benchmark: BenchmarkFixture, trained: tuple[Path, int], command: str) -> None:
    """Wall time of a process from its start to its end, and the most memory that it held."""
    folder, windows = trained
    benchmark.group = f"zoo {command}, {windows} windows of {CHANNELS} x {LENGTH}"
    hardware = f"{torch.get_num_threads()} threads"
    benchmark.extra_info |= {"who": "zoo", "device": "cpu", "hardware": hardware, "torch": torch.__version__}
    benchmark.extra_info |= {"dtype": "float32", "windows": windows}
    benchmark.extra_info["most_held"] = benchmark.pedantic(peak_of(folder, *COMMANDS[command]), rounds=2)


def peak_of(folder: Path, *arguments: str) -> Callable[[], int]:
    """A call that runs a command of `zoo` in ``folder`` and returns the bytes that its process held at most."""

    def run() -> int:
        given = [argument.format(new=uuid4().hex) for argument in arguments]
        command = [sys.executable, "-m", "zoo", *given]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        return used.ru_maxrss * 1024

    return run


def zoo(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "zoo", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def write_windows(folder: Path, windows: dict[str, int]) -> None:
    """Random walks whose steps depend on the class."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for split, number in windows.items():
        y = np.arange(number) % CLASSES
        steps = rng.standard_normal((number, CHANNELS, LENGTH), np.float32) * (1 + y[:, None, None])
        np.save(folder / f"X_{split}.npy", steps.cumsum(-1).astype(np.float32))
        np.save(folder / f"y_{split}.npy", y)
