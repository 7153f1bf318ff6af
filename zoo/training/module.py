"""The Lightning module: one training step, in its phase."""

from collections.abc import Callable
from contextlib import nullcontext
from math import isfinite
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from zoo_registry import DivergenceError, PhaseSpec, TrainingSpec
from zoo_registry.training import AdamWSpec

from zoo.contracts import Output, Quantizer, Stats
from zoo.contracts.processes import rank, summed, world_size
from zoo.data.batch import Batch
from zoo.data.split import Split
from zoo.evaluation.evaluation import Evaluation
from zoo.evaluation.report import EvalReport
from zoo.linear import LinearFit
from zoo.model.assembly import ZooModel
from zoo.teachers.distillation import Distillation
from zoo.training.batch_norm import synchronised
from zoo.training.closed import ClosedForm
from zoo.training.epoch_metrics import EpochMetrics
from zoo.training.gradients import gradient_norms
from zoo.training.head_input import HeadInput, head_input, trains_head_alone
from zoo.training.heights import drawn_heights
from zoo.training.learning import Frozen, set_learning
from zoo.training.sharding import put_apart, shard, update_codes
from zoo.training.timeline import PhasePosition, Timeline, rate


class ZooTraining(L.LightningModule):
    """A ZooModel in training; with ``diagnose``, ``gradients`` holds the gradient norms of an epoch by term.

    Phase, weights and learning rate depend only on the optimizer step, and random numbers only on the epoch, so that a
    resumed run equals an uninterrupted one. ``position`` is that of the latest batch.
    """

    position: PhasePosition
    _frozen: Frozen

    def __init__(
        self,
        model: ZooModel,
        training: TrainingSpec,
        train: Split,
        batches: int,
        validation: Evaluation,
        distillation: Distillation | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.distillation = distillation
        self.training_spec = training
        self.train_split = train
        self.steps_per_epoch = -(-batches // training.accumulate)
        self.timeline = Timeline(training.phases, self.steps_per_epoch)
        parts = model.quantizer.part_weights() if model.quantizer is not None else {}
        terms = [*model.spec.terms(), *(distillation.terms if distillation is not None else ())]
        self.ledger = EpochMetrics(terms, parts)
        self.validation = validation
        self.found: EvalReport | None = None
        """Validation of this epoch; None before it, and in an epoch that is not validated."""
        self.fitted: LinearFit | None = None
        self.codebook_score: float | None = None
        self.diagnose = False
        self.gradients: dict[str, float] = {}
        self._diagnosed: set[int] = set()
        self._entered: int | None = None
        self._closed: ClosedForm | None = None
        self._head_input: HeadInput | None = None
        self._looked_for_input = False
        self._stats: dict[Quantizer, Stats] = {}

    def configure_model(self) -> None:
        mesh = self.device_mesh
        if mesh is not None:
            shard(self.model, mesh["data_parallel"])

    def configure_optimizers(self) -> Optimizer:
        spec = self.training_spec.optimizer
        # As a group, which may be empty: a model whose only state is a codebook has no weights but takes steps.
        parameters = [{"params": list(self.parameters())}]
        if isinstance(spec, AdamWSpec):
            return AdamW(parameters, lr=spec.lr, weight_decay=spec.weight_decay, fused=True)
        # Not fused, which fails if some weights already have a momentum and others start to learn in a later phase.
        return SGD(parameters, lr=spec.lr, momentum=spec.momentum, weight_decay=spec.weight_decay)

    def on_train_start(self) -> None:
        put_apart(self.model)
        self._learn(self.timeline.at(self._step(0)).phase)

    def on_train_epoch_start(self) -> None:
        self.ledger.clear()
        self.gradients, self._diagnosed = {}, set()
        self._entered = self._closed = self.fitted = self.found = self.codebook_score = None
        self._stats = {}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        if batch_idx == 0:
            # Not at the start of the epoch: creating the loader's iterator draws a random number, and a
            # resumed run does so at another time.
            torch.manual_seed(_epoch_seed(self.training_spec.seed, self.current_epoch, rank()))
        step = self._step(batch_idx)
        self.position = self.timeline.at(step)
        if self.position.index != self._entered:
            self._enter(self.position.phase)
        self._entered = self.position.index
        share = rate(self.training_spec.schedule, step, self.training_spec.epochs * self.steps_per_epoch)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = share * self.training_spec.optimizer.lr

    def _step(self, batch_idx: int) -> int:
        """Optimizer steps before that of a batch of this epoch."""
        return self.current_epoch * self.steps_per_epoch + batch_idx // self.training_spec.accumulate

    def _enter(self, phase: PhaseSpec) -> None:
        """Start ``phase``, after checking that the frozen tensors of the phase before did not change."""
        put_apart(self.model)
        if self._frozen.phase is phase:
            set_learning(self.model, phase)
        else:
            self._frozen.require_unchanged(self.model)
            self._learn(phase)
        if not self._looked_for_input:
            self._read_once(phase)
        self._closed = ClosedForm(self.model, self.train_split, phase) if phase.fit == "closed" else None

    def _learn(self, phase: PhaseSpec) -> None:
        """Let only what learns in ``phase`` learn, and copy the rest to check that it does not change."""
        set_learning(self.model, phase)
        self._frozen = Frozen(self.model, phase)
        self._head_input, self._looked_for_input = None, False

    def _read_once(self, phase: PhaseSpec) -> None:
        """Compute the input of a head that learns alone in ``phase``. It is valid as long as what is frozen stays so,
        which is verified after every epoch."""
        self._looked_for_input = True
        if self.distillation is None and trains_head_alone(self.model, phase, len(self.training_spec.phases)):
            precision = self.trainer.precision_plugin
            with precision.train_step_context():
                self._head_input = head_input(
                    self.model, self.train_split, self.training_spec.batch, precision.convert_input
                )
            set_learning(self.model, phase)

    def on_train_epoch_end(self) -> None:
        self._frozen.require_unchanged(self.model)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        moment = self.position
        reading = nullcontext() if self._closed is None else self._closed.reading(batch)
        with torch.set_grad_enabled(not moment.phase.measure), synchronised(), reading:
            output = self._forward(batch)
            if self.distillation is not None:
                output.losses.update(self.distillation(output, batch, moment.temperature))
        weights = moment.weights(self.ledger.terms)
        parts = self.weigh(output, weights)
        total = torch.stack(list(parts.values())).sum() if parts else torch.zeros((), device=self.device)
        self._require_finite(output, batch_idx)
        if self.diagnose and moment.index not in self._diagnosed:
            self._diagnosed.add(moment.index)
            self.gradients = gradient_norms(self.model, parts) | self.gradients
        self.ledger.add(output, batch.y, weights, moment.phase.name, drawn_heights(self.model, output))
        self._collect(output)
        if not total.requires_grad and world_size() > 1:
            # Lightning's strategies expect a loss from each process; this one depends on no weight.
            return total.detach().requires_grad_()
        return total if total.requires_grad else None

    def _forward(self, batch: Batch) -> Output:
        if self._head_input is None:
            whole: Output = self.model(batch.x, batch.mask, batch.y, self._maps)
            return whole
        output = self._head_input.of(batch)
        self.model.classify(output, batch.y)
        return output

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        # Before validation, which Lightning runs within the last batch's step.
        if self._closed is not None and self.trainer.is_last_batch:
            self.fitted = self._closed.solve()
            self.ledger.solved("ce", *self._closed.scores(self.fitted))

    @property
    def _maps(self) -> bool:
        """Whether distillation compares features of the head."""
        return self.distillation is not None and self.distillation.maps

    def weigh(self, output: Output, weights: dict[str, float]) -> dict[str, Tensor]:
        """The weighted losses; terms with weight 0 are omitted, and so have no gradient."""
        return {term: weights[term] * output.losses[term] for term in self.ledger.terms if weights[term] > 0}

    def _collect(self, output: Output) -> None:
        for quantizer, quantized in self.model.quantized(output):
            if quantized.stats is not None:
                found = {name: value.detach() for name, value in quantized.stats.items()}
                before = self._stats.get(quantizer)
                self._stats[quantizer] = found if before is None else quantizer.merge(before, found)

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        for quantizer, stats in self._stats.items():
            update_codes(self.model, quantizer, stats)
        self._stats = {}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        # Lightning's clipping refuses fused optimizers in mixed precision because of loss scaling; there is none here.
        if gradient_clip_val is not None and self.trainer.optimizers[0].param_groups[0]["params"]:
            # Apart, so that the student learns the same beside a distiller with weights of its own.
            for part in (self.model, self.distillation):
                if part is not None and (learning := list(part.parameters())):
                    nn.utils.clip_grad_norm_(learning, gradient_clip_val)

    def _require_finite(self, output: Output, batch_idx: int) -> None:
        # Summed over processes, so that all stop if one must.
        losses = summed(torch.stack([value.detach() for value in output.losses.values()]))
        if not bool(losses.isfinite().all()):
            values = dict(zip(output.losses, losses.tolist(), strict=True))
            parts = [name for name, value in values.items() if not isfinite(value)]
            first = next((name for name in parts if "." in name), parts[0])
            raise DivergenceError(
                f"epoch {self.current_epoch}, batch {batch_idx}",
                "finite losses",
                f"{first} = {values[first]}",
                "lower the learning rate or the term's weight, or clip; the last checkpoint is from before this epoch",
            )

    def on_validation_epoch_start(self) -> None:
        self.validation.reset()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        output: Output = self.model(batch.x, batch.mask, batch.y)
        self.validation.update(output, batch)

    def on_validation_epoch_end(self) -> None:
        self.found = self.validation.report()
        # Only what selects weights: Lightning takes half a millisecond to log a number.
        selecting = {best.monitor for best in self.trainer.checkpoint_callbacks if isinstance(best, ModelCheckpoint)}
        for name, value in self.found.monitored().items():
            if f"val/{name}" in selecting:
                self.log(f"val/{name}", value)

    def on_validation_end(self) -> None:
        put_apart(self.model)


def _epoch_seed(seed: int, epoch: int, process: int) -> int:
    """Each rank has its own seed, so dropout masks differ across ranks."""
    return (seed * 1_000_003 + epoch + process * 7_919_000_000_033) % 2**63
