"""Two processes, as torchrun starts them, that train runs in sequence and record what happened."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import lightning as L
import torch
from forked import FORKS, Forked, of_rank, spoken
from stopped import stopped_and_resumed
from torch.distributed.tensor import DTensor
from zoo_registry import Registry, RunSpec

from zoo.contracts.processes import rank, summed, world_size
from zoo.runs.folder import RunFolder
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
    """Two processes train each run of `FOLDER/runs.json`; with ``stop`` once more, stopped there and resumed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = [FORKS.Process(target=_record_all, args=(folder, stop, rank, port)) for rank in range(2)]
    for process in started:
        process.start()
    for process in started:
        process.join(900)
        assert process.exitcode == 0, (folder / "said").read_text()[-6000:]


def train_pair(spec: dict[str, Any], out: Path) -> RunFolder:
    """The folder ``out`` after `zoo train` with two processes that it starts itself."""
    file, said = out.with_suffix(".json"), out.with_suffix(".said")
    file.write_text(json.dumps(spec))
    status, printed = Forked(["train", file, "--out", out], said).ended()
    assert status == 0, printed
    return RunFolder(out)


def _record_all(folder: Path, stop: int | None, rank: int, port: int) -> None:
    spoken(folder / "said")
    of_rank(rank)
    environment = {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": 0, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2,
                   "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "pair"}  # fmt: skip
    os.environ.update({name: str(value) for name, value in environment.items()})
    registry = Registry.discover()
    runs = {name: registry.run(data) for name, data in json.loads((folder / "runs.json").read_text()).items()}
    with joined(find_devices(next(iter(runs.values())).trainer)):
        for name, run in runs.items():
            record(run, folder / name)
            if stop is not None:
                record(run, folder / "stopped" / name, stop)
