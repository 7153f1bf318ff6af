"""What `zoo text` says of the actions of a data set."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from zoo.texts.actions import Actions
from zoo.texts.measure import (
    Gram,
    Grams,
    Probe,
    Rows,
    action_grams,
    class_grams,
    nearest_classes,
    probe,
    shared_actions,
    similar_pairs,
)


class Pair(BaseModel, frozen=True):
    """Two actions or two classes, and the cosines of their vectors."""

    one: str
    other: str
    plain: float
    centred: float


class ActionText(BaseModel, frozen=True):
    """An action of a class; ``row`` is its place among the distinct ones, ``others`` are further classes with it."""

    text: str
    row: int
    others: list[str]


class ClassText(BaseModel, frozen=True):
    """A class with its actions in order; ``shared`` and ``own`` count different ones. ``nearest`` is None if the class
    is alone."""

    name: str
    title: str | None
    actions: list[ActionText]
    shared: int
    own: int
    nearest: Pair | None

    @property
    def label(self) -> str:
        """The name for people: with the title, if there is one."""
        return f"{self.name} ({self.title})" if self.title else self.name


class GramReport(BaseModel, frozen=True):
    """Cosines between vectors, and between vectors less the mean of all actions; ``mean`` is that of different ones."""

    plain: list[list[float]]
    centred: list[list[float]]
    plain_mean: float
    centred_mean: float


class ProbeReport(BaseModel, frozen=True):
    """Actions left out that are nearest to a class that has them, of ``total``; ``chance`` is a share."""

    plain: float
    centred: float
    total: int
    chance: float


class TextReport(BaseModel, frozen=True):
    """The actions of every class, and what their vectors say.

    ``duplicates`` are distinct actions with a plain cosine of at least ``threshold``. ``equal_classes`` have means with
    both cosines at least so large, so that no pooling of vectors tells them apart.
    """

    file: str
    embed: str
    width: int
    threshold: float
    distinct: list[str]
    wordless: list[str]
    classes: list[ClassText]
    duplicates: list[Pair]
    equal_classes: list[Pair]
    shared_actions: list[list[int]]
    action_gram: GramReport
    class_gram: GramReport
    probe: ProbeReport


def text_report(file: str, actions: Actions, embed: str, rows: Rows, threshold: float) -> TextReport:
    """The report on ``actions`` whose distinct ones have the vectors ``rows (n d)``, made by ``embed``.

    ``wordless`` are actions whose vector is 0.
    """
    grams, classes = action_grams(rows), class_grams(actions, rows)
    equal = similar_pairs(np.minimum(classes.plain, classes.centred), threshold)
    plain, centred = probe(actions, rows), probe(actions, rows - rows.mean(0))
    return TextReport(
        file=file,
        embed=embed,
        width=rows.shape[1],
        threshold=threshold,
        distinct=list(actions.distinct),
        wordless=[text for text, row in zip(actions.distinct, rows, strict=True) if not row.any()],
        classes=_classes(actions, classes),
        duplicates=_pairs(actions.distinct, grams, similar_pairs(grams.plain, threshold)),
        equal_classes=_pairs(actions.classes, classes, equal),
        shared_actions=shared_actions(actions).tolist(),
        action_gram=_gram(grams),
        class_gram=_gram(classes),
        probe=_probe(plain, centred),
    )


def _classes(actions: Actions, grams: Grams) -> list[ClassText]:
    having: list[list[str]] = [[] for _ in actions.distinct]
    for name, numbers in actions.numbers.items():
        for number in dict.fromkeys(numbers):
            having[number].append(name)
    nearest = nearest_classes(grams.plain)
    found = []
    for at, (name, numbers) in enumerate(actions.numbers.items()):
        texts = [
            ActionText(text=text, row=number, others=[other for other in having[number] if other != name])
            for text, number in zip(actions.texts[name], numbers, strict=True)
        ]
        own = sum(len(having[number]) == 1 for number in set(numbers))
        pair = _pairs(actions.classes, grams, [(at, int(nearest[at]))])[0] if nearest[at] != at else None
        shared = len(set(numbers)) - own
        found.append(
            ClassText(name=name, title=actions.titles.get(name), actions=texts, shared=shared, own=own, nearest=pair)
        )
    return found


def _pairs(names: Sequence[str], grams: Grams, pairs: Sequence[tuple[int, int]]) -> list[Pair]:
    return [
        Pair(
            one=names[one],
            other=names[other],
            plain=float(grams.plain[one, other]),
            centred=float(grams.centred[one, other]),
        )
        for one, other in pairs
    ]


def _gram(grams: Grams) -> GramReport:
    return GramReport(
        plain=grams.plain.tolist(),
        centred=grams.centred.tolist(),
        plain_mean=_mean(grams.plain),
        centred_mean=_mean(grams.centred),
    )


def _mean(gram: Gram) -> float:
    """Mean over pairs of different rows; 0 for one row."""
    pairs = gram[np.triu_indices(len(gram), 1)]
    return float(pairs.mean()) if len(pairs) else 0.0


def _probe(plain: Probe, centred: Probe) -> ProbeReport:
    return ProbeReport(plain=plain.correct, centred=centred.correct, total=plain.total, chance=plain.chance)
