"""Distillation of logits."""

from torch import Tensor
from torch.nn import functional as F

from zoo.contracts import Distiller, Lesson, Losses


class Logits(Distiller):
    """T² times the weighted divergence at temperature T."""

    def __init__(self, temperature: float, reduction: str, clamp: float | None) -> None:
        super().__init__()
        self.temperature = temperature
        self.reduction = reduction
        self.clamp = clamp

    def forward(self, lesson: Lesson) -> Losses:
        t = self.temperature if lesson.temperature is None else lesson.temperature
        student = lesson.student if self.clamp is None else lesson.student.clamp(-self.clamp, self.clamp)
        found = divergence(student / t, lesson.teachers / t, lesson.weights)
        return {"kd": t * t * _reduced(found, lesson.student, self.reduction)}


class Standardised(Distiller):
    """The weighted divergence of logits with one deviation."""

    def __init__(self, deviation: float, reduction: str) -> None:
        super().__init__()
        self.deviation = deviation
        self.reduction = reduction

    def forward(self, lesson: Lesson) -> Losses:
        student, teachers = self._standardised(lesson.student), self._standardised(lesson.teachers)
        found = divergence(student, teachers, lesson.weights)
        return {
            "kd": _reduced(found, student, self.reduction),
            "sce": F.cross_entropy(student, lesson.target),
        }

    def _standardised(self, logits: Tensor) -> Tensor:
        """`(... k)` with this deviation over classes; equal logits stay as they are."""
        own = logits.std(-1, keepdim=True)
        return self.deviation * logits / own.clamp(min=1e-6)


def divergence(student: Tensor, teachers: Tensor, weights: Tensor) -> Tensor:
    """Σ_m w_mb KL(p_m ‖ p_student) of every window `(b)`, from logits `(b k)` and `(m b k)` and weights `(m b)`."""
    own, theirs = F.log_softmax(student, -1), F.log_softmax(teachers, -1)
    each = F.kl_div(own.expand_as(theirs), theirs, reduction="none", log_target=True).sum(-1)
    return (weights * each).sum(0)


def _reduced(each: Tensor, logits: Tensor, reduction: str) -> Tensor:
    mean = each.mean()
    return mean / logits.shape[-1] if reduction == "elements" else mean
