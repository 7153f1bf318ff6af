"""Train a run from its spec into its folder, from the start or from the last epoch that was finished."""

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from zoo_registry import Registry, RunSpec, TrainingError

from zoo.assembly import ZooModel
from zoo.builder import build
from zoo.data.module import ZooData, load_data
from zoo.evaluate.evaluation import Evaluation
from zoo.evaluate.judges import load_judges
from zoo.files import write_json
from zoo.notes import ZooNote
from zoo.run_folder import RunFolder
from zoo.train.learning import set_learning
from zoo.train.log import EpochLog
from zoo.train.module import ZooTraining
from zoo.train.progress import EpochBar
from zoo.train.statistics import fill_statistics
from zoo.train.timeline import Timeline
from zoo.train.watch import Watch
from zoo.weights.bundle import save
from zoo.weights.report import TransferReport, origins
from zoo.weights.transfer import transfer

OBJECTIVES: Mapping[str, tuple[str, str]] = {"accuracy": ("val/accuracy/head", "max"), "x": ("val/loss/x", "min")}
"""Measures on the validation split by which the best weights are kept, and which way is better."""


def train(run: RunSpec, path: Path, resume: bool = False, quiet: bool = False) -> RunFolder:
    """Train ``run`` into the folder ``path`` and write its bundle.

    With ``resume`` a run that was stopped goes on after its last finished epoch, to the same weights as an
    undisturbed one; a folder without a run starts one. Raises ZooError when the run is refused, when the data or
    the spec are not those the folder was started with, and when a loss is no longer finite.
    """
    registry, folder = Registry.discover(), RunFolder(path)
    data = load_data(run)
    run = run.with_input(data.data.input)
    going_on = resume and folder.run_file.exists()
    if going_on:
        folder.require_same(run, data.data.fingerprint)
    checkpoint = folder.last if going_on and folder.last.exists() else None
    model, module, transfers = prepare(run, data, fresh=checkpoint is None)
    if not going_on:
        folder.start(run, registry, data.data.fingerprint)
    if transfers:
        _write(transfers, model, folder)
    with warnings.catch_warnings():
        _hush()
        trainer = make_trainer(run, folder, quiet)
        trainer.fit(module, datamodule=data, ckpt_path=str(checkpoint) if checkpoint else None)
    if trainer.interrupted:
        raise KeyboardInterrupt
    save(_selected(model, run, folder), folder.bundle)
    return folder


class Prepared(NamedTuple):
    """A model with its first weights, what trains it, and where transferred weights came from."""

    model: ZooModel
    module: ZooTraining
    transfers: list[TransferReport]


def prepare(run: RunSpec, data: ZooData, fresh: bool = True) -> Prepared:
    """What `train` starts from; weights are transferred only into a ``fresh`` model, not into one that goes on.

    Raises ZooError for a phase that cannot be, or weights that the policy refuses.
    """
    torch.manual_seed(run.training.seed)
    model = build(run.model)
    transfers = [transfer(model, spec, run.training.seed) for spec in run.transfer] if fresh else []
    fill_statistics(model, data)
    for phase in run.training.phases:
        set_learning(model, phase)
    judges = load_judges(run.evaluation.judges, data.data.input)
    validation = Evaluation(model, data.data.classes, len(data.data.validation), judges)
    module = ZooTraining(model, run.training, len(data.train_dataloader()), validation)
    _require_reached(run, module.timeline)
    return Prepared(model, module, transfers)


def _write(transfers: list[TransferReport], model: ZooModel, folder: RunFolder) -> None:
    """Store what became of every tensor; say so where some were not taken as they were."""
    for report in transfers:
        if not report.exact:
            warnings.warn(f"{report.sentence()}; {folder.transfer} names each", ZooNote, stacklevel=2)
    found = origins(transfers)
    origin = {name: found.get(name, "fresh") for name in model.state_dict()}
    reports = [report.model_dump(mode="json") for report in transfers]
    write_json(folder.transfer, {"origins": origin, "transfers": reports})


def make_trainer(run: RunSpec, folder: RunFolder, quiet: bool = False) -> L.Trainer:
    """Lightning's Trainer with checkpoints and logs in ``folder``."""
    training = run.training
    return L.Trainer(
        max_epochs=training.epochs,
        accelerator="auto",
        devices=1,
        accumulate_grad_batches=training.accumulate,
        gradient_clip_val=training.clip,
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=not quiet,
        num_sanity_val_steps=0,
        default_root_dir=folder.path,
        callbacks=[
            EpochLog(folder.path),
            Watch(run, folder),
            *([] if quiet else [EpochBar(run.name)]),
            *_checkpoints(run, folder),
        ],
    )


def _checkpoints(run: RunSpec, folder: RunFolder) -> list[Callback]:
    """The best weights per objective the model has, and the last; the last is written last, knowing the best."""
    owned = {"accuracy": run.model.head, "x": run.model.decoder}
    best: list[Callback] = [
        ModelCheckpoint(folder.checkpoints, f"best-{name}", monitor=monitor, mode=mode, enable_version_counter=False)
        for name, (monitor, mode) in OBJECTIVES.items()
        if owned[name] is not None
    ]
    last = ModelCheckpoint(folder.checkpoints, "last", save_on_train_epoch_end=True, enable_version_counter=False)
    return [*best, last]


def _selected(model: ZooModel, run: RunSpec, folder: RunFolder) -> ZooModel:
    """The model with the weights that ``training.select`` asks for."""
    name = "last" if run.training.select == "last" else f"best-{run.training.select}"
    stored = torch.load(folder.checkpoints / f"{name}.ckpt", map_location="cpu", weights_only=True)
    weights = {k.removeprefix("model."): v for k, v in stored["state_dict"].items() if k.startswith("model.")}
    model.load_state_dict(weights)
    return model.cpu()


def _require_reached(run: RunSpec, timeline: Timeline) -> None:
    unreached = timeline.unreached(run.training.epochs)
    if unreached:
        raise TrainingError(
            "training.phases",
            f"phases that begin within {run.training.epochs} epochs",
            f"{unreached[0].name!r} later",
            "raise training.epochs or shorten the phases before it",
        )


def _hush() -> None:
    """Keep advice out of the terminal that a user of the zoo cannot act on."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in (
        ".*num_workers.*",
        ".*training_step` returned `None.*",
        ".*is not empty.*",
        ".*in eval mode.*",
        ".*torch.jit.script.*",
    ):
        warnings.filterwarnings("ignore", message=message)
    warnings.filterwarnings("ignore", module="lightning.*", category=FutureWarning)
