"""Which epochs are validated: a function of the spec alone, because validation selects weights."""

import lightning as L
from zoo_registry import EvaluationSpec

from zoo.training.module import ZooTraining
from zoo.training.timeline import Timeline


class ValidatedEpochs(L.Callback):
    """Lets Lightning validate only the epochs that ``evaluation`` asks for."""

    def __init__(self, evaluation: EvaluationSpec) -> None:
        self.evaluation = evaluation

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        epochs = int(trainer.max_epochs or 1)
        validates = validated(trainer.current_epoch, epochs, self.evaluation, pl_module.timeline)
        trainer.check_val_every_n_epoch = 1 if validates else epochs + 1


def validated(epoch: int, epochs: int, evaluation: EvaluationSpec, timeline: Timeline) -> bool:
    """Whether ``epoch`` of ``epochs`` is validated: every few epochs, the last one, the last one of every phase, and
    those in which the codebook score is measured."""
    measures = evaluation.codebook is not None and epoch % evaluation.codebook == 0
    return epoch % evaluation.every == 0 or epoch + 1 == epochs or timeline.ends_phase(epoch) or measures
