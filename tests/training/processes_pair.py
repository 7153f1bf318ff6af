"""The work of each of two processes: train every given run, and record what happened.

`processes_pair.py FOLDER` trains the runs of `FOLDER/runs.json`; with an epoch as second argument it trains each once
more, stopped there and resumed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning as L
import torch
from stopped import stopped_and_resumed
from torch.distributed.tensor import DTensor
from zoo_registry import Registry, RunSpec

from zoo.contracts.processes import rank, summed, world_size
from zoo.training.devices import find_devices
from zoo.training.fit import train
from zoo.training.group import joined


class Recorder(L.Callback):
    """The loss of every training batch, averaged over processes, the windows this process saw, and the weights."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.losses: list[float] = []
        self.windows: list[list[int]] = []

    def on_train_batch_end(self, trainer: L.Trainer, module: Any, outputs: Any, batch: Any, index: int) -> None:
        measures = module.position.phase.measure
        loss = torch.tensor(torch.nan) if measures else outputs["loss"].detach().double()
        self.losses.append(float(summed(loss) / world_size()))
        self.windows.append(batch.index.tolist())

    def on_train_end(self, trainer: L.Trainer, module: Any) -> None:
        tensors = module.model.state_dict() | dict(module.model.named_buffers())
        weights = {n: v.full_tensor() if isinstance(v, DTensor) else v.clone() for n, v in tensors.items()}
        torch.save({"losses": self.losses, "windows": self.windows, "weights": weights}, self.target)


def record(run: RunSpec, home: Path, stop: int | None = None) -> None:
    """Train ``run`` into the folder ``home``, stopped at an epoch and resumed; the record is stored in `RANK.pt`."""
    recorder = Recorder(home / f"{rank()}.pt")
    home.mkdir(parents=True, exist_ok=True)
    if stop is None:
        train(run, home / "run", quiet=True, hooks=[recorder])
    else:
        stopped_and_resumed(run, home / "run", stop, [recorder])


def record_pair(folder: Path, stop: int | None = None) -> None:
    """`main` in two processes that torchrun starts."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, __file__, str(folder), *([] if stop is None else [str(stop)])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment)
    assert done.returncode == 0, done.stderr[-6000:]


def main(folder: Path, stop: int | None = None) -> None:
    registry = Registry.discover()
    runs = {name: registry.run(data) for name, data in json.loads((folder / "runs.json").read_text()).items()}
    with joined(find_devices(next(iter(runs.values())).trainer)):
        for name, run in runs.items():
            record(run, folder / name)
            if stop is not None:
                record(run, folder / "stopped" / name, stop)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
