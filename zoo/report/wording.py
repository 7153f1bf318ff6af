"""The words of a model: how similar their vectors are, and the actions that it predicts for some windows."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from zoo.contracts import ActionTable, EncodedOutput, Output
from zoo.model.assembly import ZooModel
from zoo.texts.actions import Actions
from zoo.texts.text_report import TextReport, text_report

Numbers = NDArray[np.int64]
_SAME = 0.95
"""Cosine from which two actions count as duplicates, as by default in `zoo text`."""


class Wording(NamedTuple):
    """The different ``texts`` of g actions, and the ``report`` on them that `zoo text` gives.

    ``first (b c n)`` is the most likely action of each token of some windows; None for a kind that names none.
    """

    texts: tuple[str, ...]
    report: TextReport
    first: Numbers | None


@torch.no_grad()
def wording(model: ZooModel, output: Output) -> Wording | None:
    """The words of ``model`` and what it says of the windows of ``output``; None for a model without words."""
    if model.text is None or model.text.table is None:
        return None
    logits = model.text.predict(output) if isinstance(output, EncodedOutput) else None
    return Wording(
        texts=model.text.table.vocabulary.texts,
        report=_report(model.text.table),
        first=None if logits is None else logits.argmax(-1).cpu().numpy(),
    )


def _report(table: ActionTable) -> TextReport:
    """The report on the vectors of ``table``; with a control, on those that it gave each class."""
    spec, texts = table.spec, table.vocabulary.texts
    actions = Actions({name: tuple(table.texts_of(label)) for label, name in enumerate(spec.actions or {})})
    number = {text: place for place, text in enumerate(texts)}
    rows = table.rows.double().cpu().numpy()[[number[text] for text in actions.distinct]]
    return text_report("", actions, str(spec.embed.kind) if spec.embed else "", rows, _SAME)
