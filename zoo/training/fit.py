"""Train a run from its spec into its folder, from the start or from its last checkpoint."""

import logging
import signal
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from zoo_registry import Registry, RunSpec, TrainingError, ZooNote

from zoo.contracts.processes import once, rank, world_size
from zoo.data.split import DataSet
from zoo.evaluation.estimator_judge import rehearse
from zoo.evaluation.evaluation import Evaluation
from zoo.evaluation.judges import load_networks
from zoo.hub.download import pin
from zoo.io.files import write_json
from zoo.io.scratch import clear
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.process.owned import owned
from zoo.runs.folder import RunFolder, commits_of
from zoo.teachers.checks import require_teachers
from zoo.teachers.distillation import Distillation
from zoo.teachers.teach import Taught, note_seen, teach
from zoo.texts.filling import with_data
from zoo.training.checkpoints import WholeCheckpoints, checkpoints, damage, newest, read_weights
from zoo.training.codebook_score import CodebookScore
from zoo.training.data import ZooData, load_data
from zoo.training.devices import Devices, find_devices
from zoo.training.findings_callback import FindingsCallback
from zoo.training.group import joined, strategy
from zoo.training.launch import Job, launch
from zoo.training.learning import note_unlearned, set_learning
from zoo.training.log import EpochLog
from zoo.training.module import ZooTraining
from zoo.training.own_signals import OwnSignals
from zoo.training.precision import of_lightning, plugins
from zoo.training.progress import EpochBar
from zoo.training.statistics import fill_statistics
from zoo.training.timeline import Timeline
from zoo.training.validated_epochs import ValidatedEpochs
from zoo.weights.bundle import save
from zoo.weights.report import Transferred, TransferReport, origins
from zoo.weights.transfer import transfer


def train(
    run: RunSpec,
    path: Path,
    resume: bool = False,
    quiet: bool = False,
    diagnose: bool = False,
    hooks: Sequence[Callback] = (),
    data: DataSet | None = None,
) -> RunFolder:
    """Train ``run`` into the folder ``path`` and write its bundle, and one bundle per objective with its best weights.

    With ``resume`` a stopped run continues from its last checkpoint, to the same weights as an uninterrupted run; a
    folder without a run starts one. If the last checkpoint is damaged, the one before is used. With ``diagnose``
    metrics.csv also has gradient norms. Only when training in this process, ``hooks`` are called after all other
    callbacks, and ``data``, if given, are used instead of reading those of the spec.

    Raises ZooError if the run is refused, another process writes into the folder, an estimator that judges it cannot be
    fitted, the data or the spec differ from those in the folder, no checkpoint is intact, a loss is no longer finite,
    or a frozen tensor changes.
    """
    devices, job = find_devices(run.trainer), Job(run, path, resume, quiet, diagnose)
    if devices.processes > 1 and devices.group is None:
        launch(job, devices.processes)
        return RunFolder(path)
    with joined(devices), _owned(path):
        return _train(job, devices, hooks, data)


@contextmanager
def _owned(path: Path) -> Iterator[None]:
    """The first process owns the folder for all: only it writes, and no other run may while it lives."""
    with ExitStack() as held:

        def own() -> None:
            held.enter_context(owned(path))

        once(own)
        yield


def _train(job: Job, devices: Devices, hooks: Sequence[Callback], given: DataSet | None) -> RunFolder:
    """Training in this process, which is the only one or one of a group that `joined` each other."""
    registry, folder = Registry.discover(), RunFolder(job.path)
    if not job.resume:
        once(folder.require_new)  # before teachers predict into it
    resuming = once(lambda: job.resume and folder.run_file.exists())
    pin(once(folder.commits if resuming else lambda: commits_of(job.run)))  # the same in every process
    data = load_data(job.run, devices.accelerator == "gpu", given)
    run = with_data(job.run, data.data.input)
    if resuming:
        folder.require_same(run, data.data)
    checkpoint = once(lambda: _checkpoint(folder)) if resuming else None
    once(lambda: _rehearse(run, data.data))
    require_teachers(run)  # again, now that the student's input is known
    taught = teach(run, data.data, data.learned, folder, once)
    if taught is not None and checkpoint is None:
        note_seen(run, taught.teachers, data.learned, data.data.validation)
    model, module, transfers = prepare(run, data, taught, fresh=checkpoint is None)
    module.diagnose = job.diagnose
    if run.trainer.precision == "64-true":
        module.double()  # Lightning does so only after it has read a checkpoint, which float32 would round
    if run.trainer.compile:
        model.compile()  # in place, so that tensors keep their names
    if not resuming:
        records = {} if taught is None else taught.records
        once(lambda: folder.start(run, registry, data.data.fingerprint, records))
    if checkpoint is None:
        once(lambda: note_unlearned(model, run.training.phases, origins(transfers)))
    if transfers:
        once(lambda: _write(transfers, model, folder))
    with warnings.catch_warnings():
        _hush()
        trainer = make_trainer(run, folder, devices, job.quiet or rank() > 0, hooks)
        handler = signal.getsignal(signal.SIGINT)
        try:
            trainer.fit(module, datamodule=data, ckpt_path=str(checkpoint) if checkpoint else None)
        except SystemExit as left:  # Lightning turns an interruption into SystemExit and ignores later ones
            signal.signal(signal.SIGINT, handler)
            raise (left.__context__ or KeyboardInterrupt()) from None
    once(lambda: _write_bundles(build(run.model), run, folder))
    return folder


def _rehearse(run: RunSpec, data: DataSet) -> None:
    for name, judge in run.evaluation.estimators.items():
        rehearse(judge, data, f"evaluation.judges.{name}")


def _checkpoint(folder: RunFolder) -> Path | None:
    found = newest(folder)
    if found == folder.previous:
        what = damage(folder.last) if folder.last.exists() else "missing, as the disk was full or the writer killed"
        warnings.warn(f"{folder.last}: {what}; continuing from {found.name}, the one before it", ZooNote, stacklevel=3)
    clear(folder.checkpoints)
    return found


def _write_bundles(model: ZooModel, run: RunSpec, folder: RunFolder) -> None:
    """Write the best weights per objective, and those selected by ``training.select``."""
    for objective in run.objectives:
        model.load_state_dict(read_weights(folder.best(objective)))
        save(model, folder.best_bundle(objective))
    selected = folder.last if run.training.select == "last" else folder.best(run.training.select)
    model.load_state_dict(read_weights(selected))
    save(model, folder.bundle)


class Prepared(NamedTuple):
    """A model with its initial weights, its training module, and the reports of transfers."""

    model: ZooModel
    module: ZooTraining
    transfers: list[TransferReport]


def prepare(run: RunSpec, data: ZooData, taught: Taught | None = None, fresh: bool = True) -> Prepared:
    """The initial state for `train`; weights are transferred only into a ``fresh`` model, not into a resumed one.

    ``taught`` is what the run's teachers say. Raises ZooError for an invalid phase, or weights that the
    policy refuses.
    """
    torch.manual_seed(run.training.seed)
    model = build(run.model)
    transfers = [transfer(model, spec, run.training.seed) for spec in run.transfer] if fresh else []
    fill_statistics(model, data)
    for phase in run.training.phases:
        set_learning(model, phase)
    judges = load_networks(run.evaluation.bundles, data.data.input)
    validation = Evaluation(model, data.data.classes, len(data.data.validation), judges)
    distillation = None if taught is None else Distillation(run, taught)
    module = ZooTraining(model, run.training, data.learned, len(data.train_dataloader()), validation, distillation)
    _require_reached(run, module.timeline)
    _require_shares(data.data)
    # The strategy averages gradients of parameters that are trainable at its setup; phases freeze some later.
    model.requires_grad_(True)
    return Prepared(model, module, transfers)


def _write(transfers: list[TransferReport], model: ZooModel, folder: RunFolder) -> None:
    """Store the report of every tensor, and print a note if some were not loaded unchanged."""
    for report in transfers:
        if not report.exact:
            warnings.warn(f"{report.sentence()}; {folder.transfer} names each", ZooNote, stacklevel=2)
    found = origins(transfers)
    origin = {name: found.get(name, "fresh") for name in model.state_dict()}
    write_json(folder.transfer, Transferred(origins=origin, transfers=transfers).model_dump(mode="json"))


def make_trainer(
    run: RunSpec, folder: RunFolder, devices: Devices, quiet: bool = False, hooks: Sequence[Callback] = ()
) -> L.Trainer:
    """Lightning's Trainer on ``devices``, with checkpoints and logs in ``folder``."""
    training, every, log = run.training, run.evaluation.codebook, EpochLog(folder.path)
    return L.Trainer(
        max_epochs=training.epochs,
        accelerator=devices.accelerator,
        devices=devices.each,
        num_nodes=devices.nodes,
        strategy=strategy(run.trainer, devices),
        precision=of_lightning(run.trainer),
        use_distributed_sampler=False,
        accumulate_grad_batches=training.accumulate,
        gradient_clip_val=training.clip,
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=not quiet,
        num_sanity_val_steps=0,
        default_root_dir=folder.path,
        plugins=[WholeCheckpoints(folder), devices.environment, *plugins(run.trainer)],
        callbacks=[
            OwnSignals(),
            ValidatedEpochs(run.evaluation),
            *([] if every is None else [CodebookScore(every)]),
            log,
            FindingsCallback(run, folder, log),
            *([] if quiet else [EpochBar(run.name)]),
            *checkpoints(run, folder, log),
            *hooks,
        ],
    )


def _require_reached(run: RunSpec, timeline: Timeline) -> None:
    unreached = timeline.unreached(run.training.epochs)
    if unreached:
        raise TrainingError(
            "training.phases",
            f"phases that begin within {run.training.epochs} epochs",
            f"{unreached[0].name!r} later",
            "raise training.epochs or shorten the phases before it",
        )


def _require_shares(data: DataSet) -> None:
    """Raise TrainingError for a split with fewer windows than processes."""
    for split in (data.train, data.validation):
        if len(split) < world_size():
            expected, found = f"a window for each of {world_size()} processes", f"{len(split)} in {split.name}"
            raise TrainingError("trainer", expected, found, "lower trainer.devices or nodes, or take more data")


def _hush() -> None:
    """Silence library messages that a user of the zoo cannot act on."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in (
        ".*num_workers.*",
        ".*training_step` returned `None.*",
        ".*is not empty.*",
        ".*in eval mode.*",
        ".*torch.jit.script.*",
        ".*sync_dist=True.*",
        ".*returned a view tensor.*",
    ):
        warnings.filterwarnings("ignore", message=message)
    warnings.filterwarnings("ignore", module="lightning.*", category=FutureWarning)
