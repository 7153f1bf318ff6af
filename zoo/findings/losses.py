"""Findings from the loss curves: terms too weak or too strong, and divergence."""

from math import isfinite
from typing import NamedTuple

from zoo_registry import RampSpec

from zoo.findings.curve import Epoch
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding

WEAK = 0.01
"""A term below this share hardly affects the weights: with s at .1 %, all shapes became one line."""
STRONG = 0.7
"""A term above this share leaves too little to the others: with z at 74 %, shapes were lost."""
LAST = 3
"""Epochs at the end of a phase over which shares are averaged, so that one epoch alone does not decide."""
REACHED = 0.999
"""A ramp counts as finished from this share on: an epoch's mean weight may miss the end by rounding."""
AIM = {"weak": 0.1, "strong": 0.5}
"""Shares that the remedy aims at: enough to have an effect, and at most that of all others together."""
FOLD = 3.0
"""A loss of this many times its minimum is far above the noise between epochs, which is below a half."""
LOST = 0.25
"""Share of the decrease so far that a rise must undo: near 0, a loss can triple without harm."""
FEWEST = 4
"""Fewest epochs of a phase for which a rise of its curve counts."""


class _Term(NamedTuple):
    """A term in the last epochs of a phase: its mean share and its weight in the last one."""

    phase: str
    name: str
    share: float
    weight: float


def weak_term(facts: Facts) -> Finding | None:
    """Terms under 1 % of the weighted total in the last epochs of a phase; unfinished ramps are left out."""
    weak = [term for term in _terms(facts) if term.share < WEAK]
    if not weak:
        return None
    listing = ", ".join(f"{term.name} ({_percent(term.share)} in phase {term.phase!r})" for term in weak)
    least = min(weak, key=lambda term: term.share)
    return Finding(
        name="weak-term",
        grade="warning",
        sentence=f"Loss terms under 1 % of the weighted total hardly affect training: {listing}.",
        remedy=_reweigh(facts, least, "Raise", AIM["weak"]) + " if it matters, or to 0 if it does not.",
    )


def dominant_term(facts: Facts) -> Finding | None:
    """One of several terms over 70 % of the weighted total, in the last epochs of a phase; those of distillation may
    be, because they teach the same as the labels."""
    taught = facts.run.terms().keys() - facts.run.model.terms().keys() if facts.run else set()
    strong = [term for term in _terms(facts) if term.share > STRONG and term.name not in taught]
    if not strong:
        return None
    term = max(strong, key=lambda term: term.share)
    return Finding(
        name="dominant-term",
        grade="warning",
        sentence=f"Loss term {term.name} is {_percent(term.share)} of the weighted total in phase {term.phase!r}, "
        "so the other terms hardly affect training.",
        remedy=_reweigh(facts, term, "Lower", AIM["strong"]) + ", or raise the others.",
    )


def divergence(facts: Facts) -> Finding | None:
    """Training that stopped at a value that is not finite, or whose loss has risen far above its minimum."""
    if facts.stopped:
        return _diverged(facts, f"Training diverged and was stopped: {facts.stopped}.")
    if not facts.curve.epochs:
        return None
    last = facts.curve.epochs[-1]
    broken = [name for name, value in last.values.items() if not isfinite(value)]
    if broken:
        return _diverged(facts, f"Training diverged: {broken[0]} is not finite in epoch {last.number}.")
    return _risen(facts, facts.curve.latest)


def _risen(facts: Facts, epochs: tuple[Epoch, ...]) -> Finding | None:
    """Compare the phase's weighted total with its minimum, with the last epoch's weights for every epoch."""
    if len(epochs) < FEWEST:
        return None
    weights = epochs[-1].weights
    totals = [_total(epoch, weights) for epoch in epochs]
    lowest = min(range(len(epochs)), key=totals.__getitem__)
    rise = min(totals[-2:]) - totals[lowest]
    size = sum(weight * abs(epochs[lowest].values[f"train/{term}"]) for term, weight in weights.items())
    gained = max(totals[: lowest + 1]) - totals[lowest]
    if rise <= (FOLD - 1) * size or rise <= LOST * gained:
        return None
    worst = max(weights, key=lambda term: weights[term] * _growth(term, epochs[lowest], epochs[-1]))
    before, now = (epoch.values[f"train/{worst}"] for epoch in (epochs[lowest], epochs[-1]))
    return _diverged(
        facts,
        f"Training diverges: since epoch {epochs[lowest].number}, the weighted loss has risen by {rise / size:.1f} "
        f"times its value in that epoch, mostly in {worst} ({before:.3g} to {now:.3g}).",
    )


def _total(epoch: Epoch, weights: dict[str, float]) -> float:
    return sum(weight * epoch.values[f"train/{term}"] for term, weight in weights.items())


def _growth(term: str, before: Epoch, now: Epoch) -> float:
    return now.values[f"train/{term}"] - before.values[f"train/{term}"]


def _diverged(facts: Facts, sentence: str) -> Finding:
    training = facts.run.training if facts.run else None
    lr = f" (now {training.optimizer.lr:g})" if training else ""
    clip = f" (now {'off' if training.clip is None else f'{training.clip:g}'})" if training else ""
    remedy = f"Lower training.optimizer.lr{lr} or training.clip{clip}, and train again."
    return Finding(name="divergence", grade="grave", sentence=sentence, remedy=remedy)


def _terms(facts: Facts) -> list[_Term]:
    """Terms of phases with several weighted terms, without phases that use no gradient and unfinished ramps."""
    found = []
    for label, epochs in facts.curve.phases.items():
        if (
            any(phase.measure or phase.fit == "closed" for _, phase in facts.phases(label))
            or len(epochs[-1].shares) < 2
        ):
            continue
        weights = epochs[-1].weights
        for name in epochs[-1].shares:
            shares = [epoch.shares.get(name, 0.0) for epoch in epochs[-LAST:]]
            if not _ramping(facts, label, name, weights[name]):
                found.append(_Term(label, name, sum(shares) / len(shares), weights[name]))
    return found


def _ramping(facts: Facts, label: str, term: str, weight: float) -> bool:
    """Whether the weight of ``term`` has not reached the end of its ramp."""
    ramps = [phase.weights[term] for _, phase in facts.phases(label) if phase.weights and term in phase.weights]
    for ramp in ramps:
        if isinstance(ramp, RampSpec) and abs(weight - ramp.end) > (1 - REACHED) * abs(ramp.end - ramp.start):
            return True
    return False


def _reweigh(facts: Facts, term: _Term, verb: str, aim: float) -> str:
    """Advice with the weight at which the term's share would be ``aim`` if the other terms stay the same."""
    wanted = term.weight * aim / (1 - aim) * (1 - term.share) / term.share
    index = next((i for i, p in facts.phases(term.phase) if p.weights is None or term.name in p.weights), None)
    field = f"the weight of {term.name}" if index is None else f"training.phases.{index}.weights.{term.name}"
    return f"{verb} {field} from {term.weight:.3g} to about {float(f'{wanted:.1g}'):g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
