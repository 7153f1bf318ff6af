"""The curve of a run: the numbers of every epoch in metrics.csv."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zoo.runs.metrics import MetricsFile

_WEIGHTED, _SHARE = ".weighted", ".share"


@dataclass(frozen=True)
class Epoch:
    """One row: its number, the label of its phase or phases, and the columns that hold a number."""

    number: int
    phase: str
    values: Mapping[str, float]

    @property
    def shares(self) -> dict[str, float]:
        """Share of the weighted total of each term with a nonzero weight."""
        found = {name.removeprefix("train/"): value for name, value in self.values.items() if name.endswith(_SHARE)}
        return {name.removesuffix(_SHARE): share for name, share in found.items() if share > 0}

    @property
    def weights(self) -> dict[str, float]:
        """Mean weight over the epoch of each term with a nonzero weight."""
        found = {}
        for term in self.shares:
            raw = self.values[f"train/{term}"]
            found[term] = self.values[f"train/{term}{_WEIGHTED}"] / raw if raw else 0.0
        return found


@dataclass(frozen=True)
class Curve:
    """Epochs in order."""

    epochs: tuple[Epoch, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, str | int | float]]) -> "Curve":
        """Build from rows as a run logs them, or as read from a file."""
        return cls(tuple(Epoch(int(row["epoch"]), str(row["phase"]), _numbers(row)) for row in rows))

    @classmethod
    def read(cls, path: Path) -> "Curve":
        """Read a metrics.csv; empty if there is none."""
        return cls.of(MetricsFile(path).rows())

    @property
    def phases(self) -> dict[str, tuple[Epoch, ...]]:
        """Epochs by the label of their phase, in order of the phases' starts."""
        labels = dict.fromkeys(epoch.phase for epoch in self.epochs)
        return {label: tuple(epoch for epoch in self.epochs if epoch.phase == label) for label in labels}

    @property
    def latest(self) -> tuple[Epoch, ...]:
        """All epochs of the phase of the last epoch."""
        return self.phases[self.epochs[-1].phase] if self.epochs else ()

    def weighed(self, term: str) -> bool:
        """Whether ``term`` has a nonzero weight in any epoch."""
        return any(term in epoch.shares for epoch in self.epochs)


def _numbers(row: Mapping[str, str | int | float]) -> dict[str, float]:
    return {name: float(value) for name, value in row.items() if name != "phase" and value not in ("", None)}
