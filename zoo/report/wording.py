"""The words of a model: their vectors, and the actions that it predicts for some windows."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts import EncodedOutput, Output
from zoo.model.assembly import ZooModel

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Wording(NamedTuple):
    """The different ``texts`` of g actions, cosines of their vectors, plain and less their mean, `(g g)` each.

    ``first (b c n)`` is the most likely action of each token of some windows; None for a kind that names none.
    """

    texts: tuple[str, ...]
    plain: Array
    centred: Array
    first: Numbers | None


@torch.no_grad()
def wording(model: ZooModel, output: Output) -> Wording | None:
    """The words of ``model`` and what it says of the windows of ``output``; None for a model without words."""
    if model.text is None or model.text.table is None:
        return None
    rows = model.text.table.rows.double()
    logits = model.text.predict(output) if isinstance(output, EncodedOutput) else None
    return Wording(
        texts=model.text.table.vocabulary.texts,
        plain=_cosines(rows),
        centred=_cosines(rows - rows.mean(0)),
        first=None if logits is None else logits.argmax(-1).cpu().numpy(),
    )


def _cosines(rows: Tensor) -> Array:
    unit = F.normalize(rows, dim=1)
    found: Array = (unit @ unit.T).cpu().numpy()
    return found
