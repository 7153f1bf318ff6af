"""The actions that codes name, from chances summed over their tokens."""

import numpy as np

from zoo.codebook.action_report import ActionShare, ActionsReport, ClassSentence, NamedCode
from zoo.codebook.shapes import Array

_TYPICAL = 3
"""Most codes in the sentence of a class."""
_NOTHING = 1e-9


def actions_report(
    codes: Array, classes: Array, sums: Array, names: tuple[str, ...], texts: tuple[str, ...]
) -> ActionsReport | None:
    """For used ``codes (u)`` with tokens by class, ``classes (u y)``, and ``sums (u g)`` of chances of the ``texts``.

    None without used codes.
    """
    if not len(codes):
        return None
    typical = typicality(classes)
    return ActionsReport(
        actions=len(texts),
        named=len(np.unique(sums.argmax(1))),
        entropy=conditional_entropy(sums),
        most=float(np.log(len(texts))),
        class_entropy=conditional_entropy(classes),
        most_classes=float(np.log(len(names))),
        sentences=tuple(
            ClassSentence(name=name, codes=_typical(codes, classes[:, y], typical[:, y], sums, texts))
            for y, name in enumerate(names)
        ),
    )


def first_actions(sums: Array, texts: tuple[str, ...], most: int = 3) -> tuple[ActionShare, ...]:
    """The most likely actions of a code, from its ``sums (g)`` of chances."""
    order = np.argsort(-sums, kind="stable")[:most]
    return tuple(ActionShare(name=texts[a], share=float(sums[a] / sums.sum())) for a in order)


def conditional_entropy(counts: Array) -> float:
    """Entropy of the columns given the row of `counts (u y)`, in nats."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), _NOTHING)
    surprise = -np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return float((counts * surprise).sum() / counts.sum())


def typicality(classes: Array) -> Array:
    """p · ln(p / p₀) for every code and class of `classes (u y)`; −∞ where a class has no token of a code.

    p is the code's share of the class's tokens and p₀ that of all tokens: the codes of a class add up to the divergence
    of its codes from those of all tokens.
    """
    shares = classes / np.maximum(classes.sum(0), 1)
    base = classes.sum(1, keepdims=True) / max(classes.sum(), 1)
    seen = classes > 0
    ratio = np.divide(shares, base, out=np.ones_like(shares), where=seen)
    found: Array = np.where(seen, shares * np.log(ratio), -np.inf)
    return found


def _typical(codes: Array, counts: Array, typical: Array, sums: Array, texts: tuple[str, ...]) -> tuple[NamedCode, ...]:
    """The most typical codes of a class with `counts (u)` of tokens, those that it has no less often than others."""
    rows = [row for row in np.argsort(-typical, kind="stable")[:_TYPICAL] if typical[row] > -_NOTHING]
    return tuple(
        NamedCode(
            code=int(codes[row]),
            of_class=float(counts[row] / counts.sum()),
            **first_actions(sums[row], texts, 1)[0].model_dump(),
        )
        for row in rows
    )
