"""What each loss term was, weighed and amounted to over an epoch."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from zoo.contracts import Output

Row = dict[str, str | int | float]


class Ledger:
    """Sums of one epoch: raw and weighted terms, and training accuracy as counts."""

    def __init__(self, terms: Sequence[str]) -> None:
        self.terms = list(terms)
        self.clear()

    def clear(self) -> None:
        """Start a new epoch."""
        self._raw: dict[str, float] = {}
        self._weighted = dict.fromkeys(self.terms, 0.0)
        self._phases: dict[str, None] = {}
        self._windows = 0
        self._correct: int | None = None

    def add(self, output: Output, target: Tensor, weights: Mapping[str, float], phase: str) -> None:
        """Count one batch, whose terms weighed ``weights``."""
        windows = len(target)
        self._windows += windows
        self._phases[phase] = None
        for name, value in output.losses.items():
            self._raw[name] = self._raw.get(name, 0.0) + float(value.detach()) * windows
        for term in self.terms:
            self._weighted[term] += weights[term] * float(output.losses[term].detach()) * windows
        if output.logits is not None:
            self._correct = (self._correct or 0) + int((output.logits.argmax(-1) == target).sum())

    def row(self) -> Row:
        """The epoch as columns: `train/TERM` raw, `.weighted` and `.share` of the weighted total's absolute value."""
        windows = max(self._windows, 1)
        total = sum(abs(value) for value in self._weighted.values())
        row: Row = {"phase": "+".join(self._phases)}
        row |= {f"train/{name}": value / windows for name, value in self._raw.items()}
        for term, value in self._weighted.items():
            row[f"train/{term}.weighted"] = value / windows
            row[f"train/{term}.share"] = abs(value) / total if total else 0.0
        row["train/loss"] = sum(self._weighted.values()) / windows
        if self._correct is not None:
            row["train/correct"] = self._correct
            row["train/total"] = self._windows
        return row
