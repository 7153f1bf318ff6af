"""Problems of text: codes that all say the same, attention that does not choose, and words that act as a label."""

from collections.abc import Mapping, Sequence
from math import sqrt

from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.shapes import corrects
from zoo.runs.compare import SURE, chance, spread

FLAT = 0.01
"""Contrast of attention below which it does not choose. Measured on wrist_adl14: .02 to .11 after three epochs with the
term con, .0001 to .0003 before any training."""


def text_collapsed(facts: Facts) -> Finding | None:
    """A book whose used codes all name one action, although there are several."""
    for book in facts.codebook.books if facts.codebook else ():
        found, usage = book.actions, book.usage
        if found is not None and not corrects(usage) and found.named == 1 < min(found.actions, usage.used):
            return Finding(
                name="text-collapsed",
                grade="warning",
                sentence=f"All {usage.used} used codes ({usage.book}) name the same of {found.actions} actions, "
                f"{book.codes[0].actions[0].short!r}; entropy of actions per code {found.entropy:.2f} of at most "
                f"{found.most:.2f} nats.",
                remedy="Raise the weight of act in training.phases, train longer (training.epochs), or write actions "
                "that fewer classes share.",
            )
    return None


def flat_attention(facts: Facts) -> Finding | None:
    """Attention that is the same for all tokens of a class, so that predicted actions only repeat the class."""
    text = facts.codebook.text if facts.codebook else None
    if text is None or text.contrast is None or text.contrast >= FLAT:
        return None
    return Finding(
        name="flat-attention",
        grade="warning",
        sentence="All tokens of a class attend to its actions alike: the contrast of attention within classes is "
        f"{text.contrast:.2g} of 1. So the actions that codes name say no more than their classes.",
        remedy="Give con or nce a weight in training.phases, which teaches attention, or train longer "
        "(training.epochs).",
    )


def text_is_label(
    real: Sequence[float], controls: Mapping[str, Sequence[float]], total: int, reader: str
) -> Finding | None:
    """Accuracies of ``reader`` with real text that are not clearly above those with the best control, over seeds.

    Clear are two standard errors of the difference; of single runs, two standard deviations of the counts of ``total``
    windows.
    """
    if not controls or not real:
        return None
    name = max(controls, key=lambda control: spread(controls[control]).mean)
    one, other = spread(real), spread(controls[name])
    if one.deviation is None or other.deviation is None:
        margin = chance(round(one.mean * total), round(other.mean * total), total) / total
    else:
        margin = SURE * sqrt(one.deviation**2 / len(real) + other.deviation**2 / len(controls[name]))
    if one.mean - other.mean > margin:
        return None
    return Finding(
        name="text-is-label",
        grade="note",
        sentence=f"Text acts as a label here: the accuracy of {reader} is {_over(real)} with the real text and "
        f"{_over(controls[name])} with the best control, {name}; a gain up to {margin:.3f} may be chance.",
        remedy="Do not credit the words with a gain over a model without text; train more seeds "
        "(training.seed), or write actions that describe the movement more closely.",
    )


def _over(values: Sequence[float]) -> str:
    found = spread(values)
    deviation = "" if found.deviation is None else f" ± {found.deviation:.3f}"
    return f"{found.mean:.3f}{deviation} over {len(values)} run{'s' * (len(values) > 1)}"
