"""The losses of a student that learns from teachers, as one module beside the model."""

import torch
from torch import Tensor, nn
from zoo_registry import RunSpec

from zoo.contracts import Distiller, Lesson, Losses, Output, required
from zoo.data.batch import Batch
from zoo.teachers.teach import Taught


class Distillation(nn.Module):
    """The distillers of a run over what its teachers say about every training window.

    ``maps``: features of the student are needed. Teachers are not submodules, so none of their tensors reaches an
    optimizer, a checkpoint or a bundle. ``terms`` are the names of the losses.
    """

    def __init__(self, run: RunSpec, taught: Taught) -> None:
        super().__init__()
        self.taught = taught
        self.maps = any(spec.maps for spec in run.distill)
        self.terms = [term for term in run.terms() if term not in run.model.terms()]
        self.distillers = nn.ModuleList(spec.build() for spec in run.distill)

    def forward(self, output: Output, batch: Batch, temperature: float | None = None) -> Losses:
        """The unweighted losses of one training batch, from the student's ``output`` with its features."""
        student = required(output.logits, "head", "learn from teachers")
        student = student.to(torch.promote_types(student.dtype, torch.float32))
        teachers, rows = self.taught.teachers, batch.index.cpu()
        lesson = Lesson(
            student,
            output.features,
            batch.y,
            torch.stack([teacher.logits[rows] for teacher in teachers]).to(student),
            self.taught.weights[:, rows].to(student),
            [teacher.grams(batch) for teacher in teachers] if self.maps else None,
            temperature,
        )
        found: dict[str, Tensor] = {}
        for distiller in self.distillers:
            assert isinstance(distiller, Distiller)
            found.update(distiller(lesson))
        return found
