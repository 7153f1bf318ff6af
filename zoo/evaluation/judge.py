"""The interface of judges: classifiers of windows."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from zoo_registry import InputSpec, SpecError

from zoo.model.assembly import ZooModel


class Reading(NamedTuple):
    """Predictions of a judge: `classes (b)`, and `logits (b k)` if it has any."""

    classes: Tensor
    logits: Tensor | None


class Judge(Protocol):
    """A classifier of signals that a run does not change."""

    @property
    def words(self) -> str:
        """Description for tables: what it is and where it comes from."""

    def read(self, x: Tensor, mask: Tensor | None) -> Reading:
        """Classes of windows `x (b c t)` in the data's units, observed where ``mask`` is True, None = everywhere.

        The reading is on the device of ``x``.
        """


class NetworkJudge:
    """A trained network of the zoo in evaluation mode, frozen; ``place`` is the folder of its bundle.

    ``order`` is the network's index of each class of the data; None if both have the same order.
    """

    def __init__(self, model: ZooModel, place: str, order: Sequence[int] | None = None) -> None:
        self.model = model
        self.place = place
        self.order = None if order is None else list(order)

    @property
    def words(self) -> str:
        """Its kind and its bundle."""
        head = self.model.spec.head
        return f"{head.kind if head else 'a network'} from {self.place}"

    @torch.no_grad()
    def read(self, x: Tensor, mask: Tensor | None) -> Reading:
        """As `Judge.read`, with logits; the network is moved to the device of ``x``."""
        logits = self.model.to(x.device)(x, mask).logits
        if self.order is not None:
            logits = logits[:, self.order]
        return Reading(logits.argmax(-1), logits)


def require_labels(where: str, data: InputSpec) -> None:
    """Raise SpecError for windows without labels, which no classifier can be judged or fitted on."""
    if data.classes is None:
        hint = "label them, such as with `zoo windows --labels`, or leave it out"
        found = "windows of one class, or without labels"
        raise SpecError(where, "windows with labels of two classes or more", found, hint)
