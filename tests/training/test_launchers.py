"""How a command interprets torchrun, srun and stray environment variables of theirs."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from small_runs import SIGNAL
from stopped import differing
from zoo_registry import SpecError, TrainerSpec, TrainingError

from zoo.cli.main import COMMANDS, main
from zoo.process.launched import launched, require_alone
from zoo.training.devices import find_devices
from zoo.training.fit import train
from zoo.training.group import joined

TWO = TrainerSpec(accelerator="cpu", devices=2)
TORCHRUN = {"TORCHELASTIC_RUN_ID": "it", "WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0"}
SRUN = {
    "SLURM_JOB_ID": "12345",
    "SLURM_STEP_ID": "0",
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_NTASKS": "2",
    "SLURM_NTASKS_PER_NODE": "2",
    "SLURM_NNODES": "1",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "127.0.0.1",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
}
STRAY = {
    "variables of other launchers": {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "MASTER_PORT": "1"},
    "a batch script of Slurm": {
        "SLURM_JOB_ID": "1",
        "SLURM_NTASKS": "4",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NNODES": "2",
        "SLURM_PROCID": "1",
    },
    "a shell of Slurm": {"SLURM_JOB_ID": "1", "SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "1"},
    "torchrun with one process": TORCHRUN | {"WORLD_SIZE": "1"},
    "what is no number": {"TORCHELASTIC_RUN_ID": "it", "WORLD_SIZE": "two"},
}


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Any:
    def tell(variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return tell


@pytest.mark.parametrize(("variables", "by"), [(TORCHRUN, "torchrun"), (SRUN, "srun")])
def test_a_launcher_of_several_processes_is_detected(tell: Any, variables: Mapping[str, str], by: str) -> None:
    tell(variables)
    assert launched() == (by, 2, 0)
    devices = find_devices(TWO)
    assert devices.group is not None
    assert devices.environment is devices.group
    assert devices.group.world_size() == 2


@pytest.mark.parametrize("stray", STRAY)
def test_stray_variables_are_ignored(tell: Any, stray: str) -> None:
    tell(STRAY[stray])
    assert launched() is None
    assert find_devices(TWO).group is None
    assert isinstance(find_devices(TWO).environment, LightningEnvironment)


def test_training_with_stray_variables_is_the_same(run_of: Any, tell: Any, tmp_path: Path) -> None:
    """Among them RANK=1, with which Lightning assumes a process that writes nothing."""
    run = run_of(SIGNAL, {"epochs": 1})
    plain = train(run, tmp_path / "plain", quiet=True)
    for variables in STRAY.values():
        tell(variables)
    found = train(run, tmp_path / "stray", quiet=True)
    assert differing(plain, found) == []
    assert sorted(os.listdir(found.path / "checkpoints")) == sorted(os.listdir(plain.path / "checkpoints"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"SLURM_NTASKS_PER_NODE": "1", "SLURM_NNODES": "2"}, "expected 2 processes on each of 1 machines"),
        ({"SLURM_NTASKS": "3"}, "expected 2 processes, devices times nodes, found 3 started"),
    ],
)
def test_an_uneven_distribution_by_srun_is_refused(tell: Any, changed: dict[str, str], message: str) -> None:
    tell(SRUN | changed)
    with pytest.raises(TrainingError, match=message):
        find_devices(TWO)


def test_srun_without_tasks_per_node_is_refused(tell: Any) -> None:
    tell({name: value for name, value in SRUN.items() if name != "SLURM_NTASKS_PER_NODE"})
    with pytest.raises(TrainingError, match="srun: expected --ntasks-per-node"):
        find_devices(TWO)


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"train"}))
def test_commands_other_than_train_are_for_one_process(tell: Any, capsys: Any, command: str) -> None:
    tell(TORCHRUN)
    assert main([command]) == 2
    errors = capsys.readouterr().err
    assert errors.splitlines() == [
        f"zoo: zoo {command}: expected one process, found 2 started by torchrun; start it without torchrun; "
        "`zoo train` is for several"
    ]


def test_the_launcher_is_named(tell: Any) -> None:
    require_alone("eval")
    tell(SRUN)
    with pytest.raises(SpecError, match="2 started by srun"):
        require_alone("eval")


@pytest.fixture
def spec_file(spec_of: Any, tmp_path: Path) -> Path:
    """A run of two processes."""
    path = tmp_path / "run.json"
    path.write_text(json.dumps(spec_of(SIGNAL, {"epochs": 1}, trainer={"accelerator": "cpu", "devices": 2})))
    return path


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_refused(tell: Any, taken: int) -> None:
    tell(SRUN | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(taken)})
    expected = f"process 0: expected a connection to the others at 127.0.0.1:{taken}, found address already in use"
    with pytest.raises(TrainingError, match=expected), joined(find_devices(TWO)):
        pytest.fail("nobody was met")


@pytest.mark.slow
def test_torchrun_trains_one_run_of_two_processes(spec_file: Path, tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    command = [*torchrun, "zoo", "train", str(spec_file), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "run"
    assert done.stdout.splitlines() == [f"bundle in {out / 'bundle'}; `zoo eval {out}` evaluates it"]
    assert (out / "bundle" / "model.safetensors").exists()
