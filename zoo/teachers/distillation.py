"""The losses of a student that learns from teachers, as one module beside the model."""

import torch
from torch import Tensor, nn
from zoo_registry import RunSpec

from zoo.contracts import Distiller, FixedWeights, Lesson, Losses, Output, Weigher, required
from zoo.data.batch import Batch
from zoo.teachers.predictions import Predictions


class Distillation(nn.Module):
    """The distillers and the weigher of a run over the stored predictions of its teachers.

    ``maps``: features of the student are needed. Teachers are not submodules, so none of their tensors reaches an
    optimizer, a checkpoint or a bundle. ``terms`` are the names of the losses.
    """

    prior: Tensor

    def __init__(self, run: RunSpec, teachers: tuple[Predictions, ...]) -> None:
        super().__init__()
        self.teachers = teachers
        self.maps = any(spec.maps for spec in run.distill)
        self.terms = [term for term in run.terms() if term not in run.model.terms()]
        self.distillers = nn.ModuleList(spec.build() for spec in run.distill)
        self.weigher: Weigher = FixedWeights() if run.weigh is None else run.weigh.build(len(teachers))
        weights = torch.tensor([teacher.weight for teacher in run.teachers.values()])
        self.register_buffer("prior", weights / weights.sum(), persistent=False)

    def forward(self, output: Output, batch: Batch, temperature: float | None = None) -> Losses:
        """The unweighted losses of one training batch, from the student's ``output`` with its features."""
        student = required(output.logits, "head", "learn from teachers")
        student = student.to(torch.promote_types(student.dtype, torch.float32))
        evidence = self._rows(batch, student, [teacher.evidence for teacher in self.teachers])
        weights: Tensor = self.weigher(evidence, batch.y, self.prior.to(student))
        lesson = Lesson(
            student,
            output.features,
            batch.y,
            self._rows(batch, student, [teacher.logits for teacher in self.teachers]),
            weights.detach(),
            [teacher.grams(batch) for teacher in self.teachers] if self.maps else None,
            temperature,
        )
        found = dict(self.weigher.losses(weights, evidence, batch.y))
        for distiller in self.distillers:
            assert isinstance(distiller, Distiller)
            found.update(distiller(lesson))
        return found

    def _rows(self, batch: Batch, like: Tensor, logits: list[Tensor]) -> Tensor:
        """The rows of ``batch``, `(m b k)`, with type and device of ``like``."""
        rows = batch.index.cpu()
        return torch.stack([one[rows] for one in logits]).to(like)
