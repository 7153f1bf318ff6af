"""Whether a classifier uses the codes that are informative of classes: deletion and insertion of their tokens."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from zoo.codebook.ablation import altered, series_mean
from zoo.codebook.classes import divergences
from zoo.codebook.code_statistics import CodeStatistics
from zoo.codebook.report import FaithfulnessReport
from zoo.codebook.shapes import Array
from zoo.contracts import CodedOutput, Head, book_of, observed
from zoo.data.batch import Batch
from zoo.evaluation.judge import Judge
from zoo.evaluation.judges import predict
from zoo.evaluation.score import HEAD, Reader, on_rebuilt
from zoo.model.assembly import ZooModel
from zoo.model.coded import CodedModel

STEPS = 8
_ORDERS = 2
"""Number of random orders for comparison with the informative one."""


class Classifier:
    """A model's own head if its input depends on codes, else a judge of the rebuilt signal.

    ``predict`` gives the classes `(b)` for the output of ``encode``, or for a changed copy of it.
    """

    def __init__(self, reader: Reader, predict: Callable[[CodedOutput], Tensor]) -> None:
        self.reader, self.predict = reader, predict


def classifier_of(model: ZooModel, judges: Mapping[str, Judge]) -> Classifier | None:
    """That of a model, if there is one."""
    head = model.spec.head
    if head is not None and model.head is not None and head.needs in ("recon", "tokens", "codes"):
        return Classifier(HEAD, partial(_of_head, model, model.head, head.needs == "recon"))
    if judges and model.decoder is not None:
        name, judge = next(iter(judges.items()))
        return Classifier(on_rebuilt(name), partial(_of_judge, model, judge))
    return None


def _of_head(model: ZooModel, head: Head, decodes: bool, output: CodedOutput) -> Tensor:
    logits: Tensor = head(model.decode(output) if decodes else output)
    return logits.argmax(-1)


def _of_judge(model: ZooModel, judge: Judge, output: CodedOutput) -> Tensor:
    decoded = model.decode(output)
    return predict(judge, decoded.x_recon, decoded.mask)


@torch.no_grad()
def faithfulness(
    model: CodedModel, classifier: Classifier | None, batches: Iterable[Batch], known: CodeStatistics
) -> FaithfulnessReport | None:
    """Areas under accuracy over the share of tokens; the order of codes and their shares are from ``known``.

    Codes are removed in up to 8 steps of about equal shares of tokens. None without a classifier.
    """
    if classifier is None:
        return None
    counts = known.counts[:, 0]
    typical = known.pool.typical(model.quantizer, model.device)
    orders = [_informative_first(counts), *_at_random(counts)]
    plans = [_Steps(order, counts.sum(-1)) for order in orders]
    every = np.stack([keep for plan in plans for keep in plan.without()] + plans[0].only())
    kept, place = np.unique(every, axis=0, return_inverse=True)
    correct, windows = np.zeros(len(kept), np.int64), 0
    for batch in batches:
        output = model.encode(batch.x, batch.mask)
        windows += len(batch.y)
        for step, keep in enumerate(kept):
            guess = classifier.predict(reduced(model, output, torch.from_numpy(keep).to(output.x.device), typical))
            correct[step] += int((guess == batch.y).sum())
    accuracy = np.split(correct[place.ravel()] / max(windows, 1), np.cumsum([len(plan.shares) for plan in plans]))
    areas = [plan.area(found) for plan, found in zip(plans, accuracy[:-1], strict=True)]
    return FaithfulnessReport(
        classifier=classifier.reader,
        windows=windows,
        deletion=areas[0],
        insertion=plans[0].area(accuracy[-1]),
        random=float(np.mean(areas[1:])),
    )


def reduced(model: CodedModel, output: CodedOutput, keep: Tensor, typical: Tensor) -> CodedOutput:
    """``output`` without the tokens whose first code is not in ``keep (g k)``.

    They are masked out. As a decoder may still draw something for a masked token, they also get the ``typical`` codes
    `(g q)` and the mean attributes of their series.
    """
    codes, tokens = output.quantized.codes, output.tokens
    book = book_of(codes.shape[1], len(keep), codes.device)
    kept = keep[book.view(1, -1, 1), codes[..., 0]]
    real = observed(tokens.mask, kept)
    attributes = {name: torch.where(kept, a, series_mean(a, real)) for name, a in tokens.attributes.items()}
    replaced = torch.where(kept.unsqueeze(-1), codes, typical[book][None, :, None])
    masked = replace(output, tokens=tokens._replace(mask=kept & real))
    return altered(model, masked, replaced, attributes)


def _informative_first(counts: Array) -> Array:
    """Codes of all books, flat, most informative of the class per token first, from `counts (g k y)`."""
    found = np.concatenate([divergences(book) for book in counts])
    return np.argsort(-found, kind="stable")


def _at_random(counts: Array) -> list[Array]:
    random = np.random.default_rng(0)
    return [random.permutation(counts.shape[0] * counts.shape[1]) for _ in range(_ORDERS)]


class _Steps:
    """An order of codes `(g k)`, flat, cut at equal shares of tokens; ``shares`` are those reached."""

    def __init__(self, order: Array, counts: Array) -> None:
        self.order, self.size = order, counts.shape
        reached = counts.ravel()[order].cumsum() / max(counts.sum(), 1)
        inner = np.searchsorted(reached, np.arange(1, STEPS) / STEPS) + 1
        self.cuts = np.unique([0, *inner[inner < len(order)], len(order)])
        self.shares = np.concatenate([[0], reached])[self.cuts]

    def only(self) -> list[Array]:
        """For each cut, True for the codes before it: `(g k)`."""
        rank = np.empty(len(self.order), np.int64)
        rank[self.order] = np.arange(len(self.order))
        return [(rank < cut).reshape(self.size) for cut in self.cuts]

    def without(self) -> list[Array]:
        """For each cut, False for the codes before it."""
        return [~kept for kept in self.only()]

    def area(self, accuracy: Array) -> float:
        """Area under ``accuracy`` at the cuts, by trapezoids."""
        return float(((accuracy[1:] + accuracy[:-1]) / 2 * np.diff(self.shares)).sum())
