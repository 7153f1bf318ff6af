"""Corrupted inputs: noise, missing samples and shifts, each a function of the window and never of its batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import torch
from pydantic import BaseModel, field_validator
from torch import Tensor
from zoo_registry import SpecError

from zoo.contracts import observed, zeroed
from zoo.evaluation.score import Hits, Reader, keyed

_LIMITS: Mapping[str, tuple[float, str]] = {
    "noise": (100.0, "a deviation above 0 and up to 100, in deviations of the training split's channel"),
    "missing": (1.0, "a share of the samples above 0 and below 1"),
    "shift": (0.5, "a share of the window above 0 and up to .5"),
}
"""For every corruption, its largest severity and its meaning and unit."""
_SEEDED_AS = {"shift": "phase"}
"""The name that a kind had when its draws were fixed: evaluations of earlier versions stay comparable."""


class Signal(NamedTuple):
    """Corrupted windows `x (b c t)` with their ``mask``, and the reference ``clean (b c t)`` without noise and gaps,
    observed where ``known`` is True, None = everywhere."""

    x: Tensor
    mask: Tensor | None
    clean: Tensor
    known: Tensor | None


class CorruptionReport(BaseModel, frozen=True):
    """One corruption of the input: windows that each classifier classifies correctly, of ``total``.

    ``mse``, in the data's units squared, and ``r2`` compare the reconstruction with the clean signal over its observed
    samples; None for a model without a decoder.
    """

    name: str
    correct: list[Hits]
    total: int
    mse: float | None
    r2: float | None

    @field_validator("correct", mode="before")
    @classmethod
    def _of_earlier_version(cls, given: Any) -> Any:
        return keyed(given, "correct")

    def count(self, reader: Reader) -> int:
        """Windows that ``reader`` classifies correctly."""
        return next(hits.correct for hits in self.correct if hits.reader == reader)


class Step(NamedTuple):
    """One corruption and its severity."""

    kind: str
    severity: float

    def __str__(self) -> str:
        return f"{self.kind}:{self.severity:g}"


@dataclass(frozen=True)
class Corruption:
    """Steps applied one after the other.

    - `noise:SD`: white Gaussian noise, its deviation SD times that of the channel in the training split, on every
      observed sample.
    - `missing:SHARE`: of each channel of each window, the whole part of SHARE times its observed samples, drawn
      without replacement, becomes unobserved: hidden by the mask, never a value.
    - `shift:SHARE`: circular shift by up to ±SHARE of the window, a whole number of samples drawn uniformly, the same
      for all channels; the clean signal is shifted along, since a shift does not distort shapes.

    Draws depend on ``seed``, the kind and the window's position in its split alone: the severities of one kind share
    their draws, so that a stronger noise is the same noise, louder, and a larger gap contains the smaller one.
    """

    steps: tuple[Step, ...]
    seed: int = 0

    @property
    def name(self) -> str:
        """As it is written on the command line."""
        return "+".join(map(str, self.steps))

    def __call__(self, x: Tensor, mask: Tensor | None, index: Tensor, deviation: Tensor) -> Signal:
        """Corrupt `x (b c t)`, observed where ``mask`` is True, of windows ``index (b)``; ``deviation (c)`` is that of
        the training split."""
        signal = Signal(x, mask, clean=x, known=mask)
        for step in self.steps:
            draws = [
                np.random.default_rng((self.seed, crc32(_SEEDED_AS.get(step.kind, step.kind).encode()), int(i)))
                for i in index
            ]
            if step.kind == "noise":
                signal = _noise(signal, step.severity * deviation, draws)
            elif step.kind == "missing":
                signal = _missing(signal, step.severity, draws)
            else:
                signal = _shift(signal, step.severity, draws)
        return signal


def parse_corruptions(texts: Sequence[str]) -> list[Corruption]:
    """Corruptions from texts such as `noise:.06,noise:.12,missing:.15+noise:.06`; raise SpecError for another text."""
    found = [Corruption(tuple(map(_step, part.split("+")))) for text in texts for part in text.split(",")]
    return list({corruption.name: corruption for corruption in found}.values())


def _step(text: str) -> Step:
    kind, sign, number = text.strip().partition(":")
    if kind not in _LIMITS or not sign:
        hint = "write it like --corrupt noise:.06,missing:.15,shift:.1"
        if kind == "phase":
            hint = f"it is now called shift: --corrupt shift:{number}"
        raise SpecError("--corrupt", f"KIND:SEVERITY with {', '.join(_LIMITS)}", repr(text), hint)
    most, meaning = _LIMITS[kind]
    try:
        severity = float(number)
    except ValueError:
        severity = float("nan")
    if not 0 < severity <= most or (kind == "missing" and severity == most):
        raise SpecError(f"--corrupt {kind}", meaning, repr(number), "choose another severity")
    return Step(kind, severity)


def _noise(signal: Signal, deviation: Tensor, draws: list[np.random.Generator]) -> Signal:
    shape = tuple(signal.x.shape[1:])
    noise = torch.from_numpy(np.stack([draw.standard_normal(shape, np.float32) for draw in draws])).to(signal.x.device)
    x = signal.x + noise * deviation.to(signal.x).view(-1, 1)
    return signal._replace(x=zeroed(x, signal.mask))


def _missing(signal: Signal, share: float, draws: list[np.random.Generator]) -> Signal:
    shape = tuple(signal.x.shape[1:])
    order = torch.from_numpy(np.stack([draw.random(shape) for draw in draws])).to(signal.x.device)
    seen = observed(signal.mask, signal.x)
    hidden = (share * seen.sum(-1, keepdim=True) + 1e-9).long()
    rank = order.masked_fill(~seen, torch.inf).argsort(-1).argsort(-1)
    mask = seen & (rank >= hidden)
    return signal._replace(x=torch.where(mask, signal.x, 0), mask=mask)


def _shift(signal: Signal, share: float, draws: list[np.random.Generator]) -> Signal:
    length, device = signal.x.shape[-1], signal.x.device
    most = int(share * length + 1e-9)
    turns = torch.tensor([int(draw.integers(-most, most, endpoint=True)) for draw in draws], device=device)
    source = (torch.arange(length, device=device) - turns.view(-1, 1, 1)) % length
    source = source.expand_as(signal.x)
    mask, known = (None if part is None else part.gather(-1, source) for part in (signal.mask, signal.known))
    return Signal(signal.x.gather(-1, source), mask, signal.clean.gather(-1, source), known)
