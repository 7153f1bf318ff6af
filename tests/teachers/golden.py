"""Reference numbers computed by NumPy in float64, where the shared folder is beside the checkout."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from zoo.contracts import Lesson, gram

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "kd" / "kd.npz"
TEACHERS = 3


class Reference:
    """The stored arrays by name, as float64 tensors, and the lesson they were computed from."""

    def __init__(self) -> None:
        if not GOLDEN.exists():
            pytest.skip("the shared folder is not beside the checkout")
        self._file = np.load(GOLDEN)

    def __getitem__(self, name: str) -> Tensor:
        return torch.from_numpy(self._file[name])

    def features(self, of: str) -> tuple[Tensor, ...]:
        """The three stages of the student, or of a teacher by number."""
        place = "student_features" if of == "student" else f"teacher_features/{of}"
        return tuple(self[f"{place}/{stage}"] for stage in range(3))

    def lesson(self, weights: Tensor | None = None, teachers: int = TEACHERS) -> Lesson:
        """The lesson with weights `(m)` or `(m b)`; the prior weights unless others are given."""
        logits = self["teachers"][:teachers]
        given = self["alpha"][:teachers] if weights is None else weights
        given = given[:, None].expand(-1, logits.shape[1]) if given.dim() == 1 else given
        grams = [[gram(part) for part in self.features(str(one))] for one in range(teachers)]
        return Lesson(self["student"], self.features("student"), self["y"], logits, given, grams)
