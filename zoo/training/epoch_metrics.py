"""Metrics of an epoch: raw value, weight and weighted value of each loss term."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from math import sqrt
from typing import NamedTuple

import torch
from torch import Tensor

from zoo.contracts import Output, zeroed
from zoo.contracts.processes import summed, world_size

Row = dict[str, str | int | float]
_WAITING = 64
"""Number of batches whose values are buffered on the device: reading each at once would synchronise at every step."""
_LATEST = 3
"""Number of latest batches for the current height of shapes: one batch is noisy, and an epoch includes older values."""


class _Batch(NamedTuple):
    """Values of a batch by name: its losses, means over its windows, and counts."""

    losses: tuple[str, ...]
    counts: tuple[str, ...]
    values: Tensor
    windows: int
    weights: Mapping[str, float]


class EpochMetrics:
    """Sums of one epoch: raw and weighted ``terms``, the error of quantization, and training accuracy as counts.

    ``parts`` holds the weights of the parts of a term, such as `z.commit`, within it.
    """

    def __init__(self, terms: Sequence[str], parts: Mapping[str, float] | None = None) -> None:
        self.terms = list(terms)
        self.parts = dict(parts or {})
        self.clear()

    def clear(self) -> None:
        """Start a new epoch."""
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, float] = defaultdict(float)
        self._waiting: list[_Batch] = []
        self._phases: dict[str, None] = {}
        self._row: Row | None = None
        self._device = torch.device("cpu")
        self._latest: deque[Mapping[str, Tensor]] = deque(maxlen=_LATEST)

    def add(
        self,
        output: Output,
        target: Tensor,
        weights: Mapping[str, float],
        phase: str,
        heights: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Add one batch with term weights ``weights``, and the `drawn` and `true` heights of its shapes."""
        heights = heights or {}
        counts = _counts(output, target) | dict(heights)
        self._latest.append(heights)
        values = torch.stack([value.detach() for value in (*output.losses.values(), *counts.values())])
        self._waiting.append(_Batch(tuple(output.losses), tuple(counts), values, len(target), weights))
        self._phases[phase] = None
        self._row, self._device = None, values.device
        if len(self._waiting) == _WAITING:
            self._read()

    def solved(self, term: str, total: float, correct: int) -> None:
        """Replace the epoch's sums by ``total``, a sum over the windows of this process, and ``correct``.

        For a map that was solved at the end of an epoch in which the weight of ``term`` was constant.
        """
        self._read()
        weight = self._sums[f"{term}.weight"] / max(self._counts["windows"], 1)
        self._sums[term], self._sums[f"{term}.weighted"] = total, weight * total
        self._counts["correct"] = correct
        self._row = None

    def row(self) -> Row:
        """The epoch as columns, over all processes; every process must call this.

        `train/TERM` is raw, `.weight` is its mean weight, `.weighted` their product, `.share` its share of the absolute
        weighted total; all are means over windows. Parts have raw and `.weighted`. `train/quantization_error` is |z_e −
        z_q| / |z_e|, with norms over all real tokens before (z_e) and after (z_q) quantization. `train/scale` is the
        mean deviation of drawn shapes divided by that of the stretches that they represent.
        """
        if self._row is None:
            self._read()
            self._row = self._columns(self._everywhere(self._sums), self._everywhere(self._counts))
        return self._row

    def latest_scale(self) -> float | None:
        """`train/scale` of the latest batches of this process; None if no shapes are drawn. Waits for the device."""
        drawn, true = (sum(float(part[name]) for part in self._latest if part) for name in ("drawn", "true"))
        return drawn / true if true else None

    def _read(self) -> None:
        """Add the buffered values on the device to the sums, in double precision."""
        waiting, self._waiting = self._waiting, []
        numbers = iter(torch.cat([batch.values for batch in waiting]).tolist() if waiting else ())
        for batch in waiting:
            losses = dict(zip(batch.losses, islice(numbers, len(batch.losses)), strict=True))
            for name, value in self._weigh(losses, batch.weights):
                self._sums[name] += value * batch.windows
            for name, value in zip(batch.counts, islice(numbers, len(batch.counts)), strict=True):
                self._counts[name] += value
            self._counts["windows"] += batch.windows

    def _weigh(self, losses: Mapping[str, float], weights: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        yield from losses.items()
        for term in self.terms:
            yield f"{term}.weight", weights[term]
            yield f"{term}.weighted", weights[term] * losses[term]
        # Sorted, so that all processes use the same order.
        for part in (part for part in self.parts if part in losses):
            yield f"{part}.weighted", weights[part.partition(".")[0]] * self.parts[part] * losses[part]

    def _everywhere(self, sums: Mapping[str, float]) -> Mapping[str, float]:
        """``sums`` over all processes."""
        if world_size() == 1:
            return sums
        values = torch.tensor(list(sums.values()), dtype=torch.float64, device=self._device)
        return dict(zip(sums, summed(values).tolist(), strict=True))

    def _columns(self, sums: Mapping[str, float], counts: Mapping[str, float]) -> Row:
        windows = max(counts.get("windows", 0), 1)
        means = {name: value / windows for name, value in sums.items()}
        weighted = {term: means.get(f"{term}.weighted", 0.0) for term in self.terms}
        total = sum(map(abs, weighted.values()))
        row: Row = {"phase": "+".join(self._phases)}
        row |= {f"train/{name}": value for name, value in means.items()}
        row |= {f"train/{term}.share": abs(value) / total if total else 0.0 for term, value in weighted.items()}
        row["train/loss"] = sum(weighted.values())
        if "off" in counts:
            row["train/quantization_error"] = sqrt(counts["off"] / counts["size"]) if counts["size"] else 0.0
        if counts.get("true"):
            row["train/scale"] = counts["drawn"] / counts["true"]
        if "correct" in counts:
            row["train/correct"] = round(counts["correct"])
            row["train/total"] = round(counts["windows"])
        return row


@torch.no_grad()
def _counts(output: Output, target: Tensor) -> dict[str, Tensor]:
    """Number of correct windows, and squared norms of tokens and of their quantization error, over real tokens."""
    found = {}
    if output.logits is not None:
        found["correct"] = (output.logits.argmax(-1) == target).sum().float()
    if output.tokens is not None and output.quantized is not None:
        given, mask = output.tokens.values.float(), output.tokens.mask
        off = given - output.quantized.values.float()
        for name, values in (("off", off), ("size", given)):
            real = zeroed(values, mask)
            found[name] = real.square().sum()
    return found
