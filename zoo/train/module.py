"""The Lightning side of training: one step, in the phase it belongs to."""

from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.optim import SGD, AdamW, Optimizer
from zoo_registry import TrainingError, TrainingSpec
from zoo_registry.training import AdamWSpec

from zoo.assembly import ZooModel
from zoo.contracts import Output
from zoo.data.batch import Batch
from zoo.evaluate.evaluation import Evaluation
from zoo.evaluate.report import EvalReport
from zoo.train.learning import set_learning
from zoo.train.ledger import Ledger
from zoo.train.rate import rate
from zoo.train.timeline import Moment, Timeline


class ZooTraining(L.LightningModule):
    """A ZooModel under training.

    Phase, weights and learning rate are functions of the optimizer step, and randomness of the epoch, so that a
    resumed run repeats an undisturbed one.
    """

    def __init__(self, model: ZooModel, training: TrainingSpec, batches: int, validation: Evaluation) -> None:
        super().__init__()
        self.model = model
        self.training_spec = training
        self.steps_per_epoch = -(-batches // training.accumulate)
        self.timeline = Timeline(training.phases, self.steps_per_epoch)
        self.ledger = Ledger(list(model.spec.terms()))
        self.validation = validation
        self.found: EvalReport | None = None
        self._moment: Moment | None = None
        self._stats: dict[str, Tensor] = {}

    def configure_optimizers(self) -> Optimizer:
        spec = self.training_spec.optimizer
        parameters = list(self.model.parameters())
        if isinstance(spec, AdamWSpec):
            return AdamW(parameters, lr=spec.lr, weight_decay=spec.weight_decay)
        return SGD(parameters, lr=spec.lr, momentum=spec.momentum, weight_decay=spec.weight_decay)

    def on_train_epoch_start(self) -> None:
        self.ledger.clear()
        self._moment = None
        self._stats = {}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        if batch_idx == 0:
            # Not at the start of the epoch: making the loader's iterator draws a number, before or after that
            # depending on whether the run was resumed.
            torch.manual_seed(_epoch_seed(self.training_spec.seed, self.current_epoch))
        step = self.current_epoch * self.steps_per_epoch + batch_idx // self.training_spec.accumulate
        moment = self.timeline.at(step)
        if self._moment is None or moment.index != self._moment.index:
            set_learning(self.model, moment.phase)
        self._moment = moment
        share = rate(self.training_spec.schedule, step, self.training_spec.epochs * self.steps_per_epoch)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = share * self.training_spec.optimizer.lr

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        assert self._moment is not None
        with torch.set_grad_enabled(not self._moment.phase.measure):
            output: Output = self.model(batch.x, batch.mask, batch.y)
        weights = self._moment.weights(self.ledger.terms)
        total = self.weigh(output, weights)
        self._require_finite(output, batch_idx)
        self.ledger.add(output, batch.y, weights, self._moment.phase.name)
        self._collect(output)
        return total if total.requires_grad else None

    def weigh(self, output: Output, weights: dict[str, float]) -> Tensor:
        """The weighted total of the losses; a term that weighs nothing leaves no gradient."""
        parts = [weights[term] * output.losses[term] for term in self.ledger.terms if weights[term] > 0]
        return torch.stack(parts).sum() if parts else torch.zeros((), device=self.device)

    def _collect(self, output: Output) -> None:
        if output.quantized is not None and output.quantized.stats is not None:
            for name, value in output.quantized.stats.items():
                self._stats[name] = self._stats[name] + value.detach() if name in self._stats else value.detach()

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        if self._stats and self.model.quantizer is not None:
            self.model.quantizer.update(self._stats)
            self._stats = {}

    def _require_finite(self, output: Output, batch_idx: int) -> None:
        finite = torch.stack([value.detach().isfinite().all() for value in output.losses.values()])
        if not bool(finite.all()):
            parts = [name for name, fine in zip(output.losses, finite.tolist(), strict=True) if not fine]
            first = next((name for name in parts if "." in name), parts[0])
            raise TrainingError(
                f"epoch {self.current_epoch}, batch {batch_idx}",
                "finite losses",
                f"{first} = {float(output.losses[first].detach())}",
                "lower the learning rate or the term's weight, or clip; the last checkpoint is from before this epoch",
            )

    def on_validation_epoch_start(self) -> None:
        self.validation.reset()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        output: Output = self.model(batch.x, batch.mask, batch.y)
        self.validation.update(output, batch)

    def on_validation_epoch_end(self) -> None:
        self.found = self.validation.report()
        for name, value in self.found.scores().items():
            self.log(f"val/{name}", value)


def _epoch_seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch) % 2**63
