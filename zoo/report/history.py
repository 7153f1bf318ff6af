"""The training history in metrics.csv: series over epochs, and the starts of phases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoo.evaluation.score import HEAD
from zoo.runs.metrics import MetricsFile

Series = NDArray[np.float64]


class Mark(NamedTuple):
    """An epoch in which a phase begins."""

    epoch: int
    phase: str


@dataclass(frozen=True)
class History:
    """Columns of metrics.csv by name, `(e)` each and NaN where an epoch has no value; ``phases (e)`` are labels."""

    epochs: Series
    phases: tuple[str, ...]
    columns: Mapping[str, Series]

    def named(self, start: str, end: str = "") -> dict[str, Series]:
        """Columns named ``start``…``end``, keyed by the part between; columns without any value are left out."""
        return {
            name[len(start) : len(name) - len(end)]: values
            for name, values in self.columns.items()
            if name.startswith(start) and name.endswith(end) and not np.isnan(values).all()
        }

    def terms(self) -> list[str]:
        """Loss terms with a weight."""
        return list(self.named("train/", ".share"))

    def shares(self) -> dict[str, Series]:
        """Each term's share of the weighted total's absolute value."""
        return self.named("train/", ".share")

    def accuracies(self) -> dict[str, Series]:
        """Accuracy of every classifier on validation, and of the head on training batches, from counts."""
        found = {
            f"{name}, validation": correct / self.columns[f"val/{name}.total"]
            for name, correct in self.named("val/", ".correct").items()
        }
        training = self.columns.get("train/correct")
        return (
            found if training is None else {f"{HEAD.label}, training": training / self.columns["train/total"], **found}
        )

    def marks(self) -> list[Mark]:
        """Starts of phases; for alternating phases, the first start of each."""
        pairs = list(zip(self.epochs.astype(int).tolist(), self.phases, strict=True))
        changes = [
            Mark(*pair)
            for before, pair in zip([None, *pairs], pairs, strict=False)
            if not before or before[1] != pair[1]
        ]
        return changes if len(changes) <= _MOST_MARKS else list({m.phase: m for m in reversed(changes)}.values())[::-1]


_MOST_MARKS = 8


def read_history(path: Path) -> History | None:
    """The training history in the file ``path``; None if there is none."""
    rows = MetricsFile(path).rows()
    if not rows:
        return None
    phases = tuple(row.get("phase", "") for row in rows)
    numbers = {name: _series(name, rows) for name in rows[0] if name != "phase"}
    return History(numbers["epoch"], phases, numbers)


def _series(name: str, rows: Sequence[Mapping[str, str]]) -> Series:
    return np.asarray([float(row[name]) if row.get(name) else np.nan for row in rows])
