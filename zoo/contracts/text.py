"""Text beside tokens: the vectors of what each class consists of, and the base class of loss terms that read them.

Axes: `g` different actions, `k` classes, `a` actions of a class, `e` numbers of an action's vector.
"""

from abc import abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from zoo_registry import SpecError, TextSpec

from zoo.contracts.adapted import Adapted, TrainingWindows
from zoo.contracts.roles import Component, Quantizer
from zoo.contracts.values import EncodedOutput, Losses, Quantized


class ClassActions(NamedTuple):
    """The actions of the class of every window: ``vectors (b a e)``, 0 where there is none; ``present (b a)`` is True
    where there is one, and ``numbers (b a)`` say which of the g it is."""

    vectors: Tensor
    present: Tensor
    numbers: Tensor


class ActionTable(Adapted):
    """The vectors of all actions, ``rows (g e)``, and the actions of each class: ``numbers (k a)``, ``present (k a)``.

    It is filled before training by the embedder of its spec, and stored in bundles, which need no embedder.
    """

    needs = "the vectors of its actions"

    rows: Tensor
    numbers: Tensor
    present: Tensor

    def __init__(self, spec: TextSpec) -> None:
        super().__init__()
        self.spec, self.vocabulary = spec, spec.vocabulary
        if spec.columns is None:
            raise SpecError("text.width", "the width of the vectors", "none", "name an embedder as text.embed")
        classes, most = len(self.vocabulary.numbers), self.vocabulary.most
        self.register_buffer("rows", torch.zeros(len(self.vocabulary.texts), spec.columns))
        self.register_buffer("numbers", torch.zeros(classes, most, dtype=torch.long))
        self.register_buffer("present", torch.zeros(classes, most, dtype=torch.bool))

    @torch.no_grad()
    def adapt(self, windows: TrainingWindows) -> None:
        """Embed the actions; ``windows`` are not read. Controls draw from torch's default random generator."""
        classes = list(self.vocabulary.numbers)
        if self.spec.control == "shuffled":
            classes = [classes[other] for other in _derangement(len(classes))]
        for row, numbers in enumerate(classes):
            self.numbers[row, : len(numbers)] = torch.tensor(numbers)
            self.present[row, : len(numbers)] = True
        self.rows.copy_(self._vectors())
        self.mark_filled()

    def _vectors(self) -> Tensor:
        count, width = self.rows.shape
        if self.spec.control == "one-hot":
            return torch.eye(count, width)
        if self.spec.embed is None:
            raise SpecError("text.embed", "an embedder for the actions", "none", "`zoo list embed` shows the kinds")
        found = torch.from_numpy(self.vocabulary.rows(self.spec.embed)).to(self.rows.dtype)
        if tuple(found.shape) != (count, width):
            hint = "leave text.width out, or embed the texts again"
            raise SpecError("text.embed", f"{count} vectors of {width} numbers", f"{tuple(found.shape)}", hint)
        if self.spec.control == "random":
            drawn: Tensor = F.normalize(torch.randn(count, width), dim=1) * found.norm(dim=1, keepdim=True)
            return drawn
        return found

    def forward(self, target: Tensor) -> ClassActions:
        """The actions of the classes ``target (b)``."""
        self.require_filled()
        present, numbers = self.present[target], self.numbers[target]
        return ClassActions(torch.where(present.unsqueeze(-1), self.rows[numbers], 0), present, numbers)

    def labels(self) -> Tensor:
        """The mean vector of the actions of every class, `(k e)`."""
        self.require_filled()
        seen = self.present.unsqueeze(-1).to(self.rows.dtype)
        return (self.rows[self.numbers] * seen).sum(1) / seen.sum(1)

    def texts_of(self, label: int) -> list[str]:
        """The texts of the actions of a class, in order; with the control shuffled, those it was given instead."""
        numbers = self.numbers[label][self.present[label]].tolist()
        return [self.vocabulary.texts[number] for number in numbers]

    def _hint(self) -> str:
        return "train the model, which embeds them"


def _derangement(count: int) -> list[int]:
    """A random order in which no class keeps its place, if there are two or more."""
    order = torch.randperm(count).tolist()
    found = [0] * count
    for place, one in enumerate(order):
        found[one] = order[(place + 1) % count]
    return found


class Worded(NamedTuple):
    """The unweighted ``losses`` of a text component; its quantized ``actions``, None without a codebook of them; and
    the ``attention`` of tokens to the actions of their class, `(b c n a)` without gradient, None for a kind without."""

    losses: Losses
    actions: Quantized | None = None
    attention: Tensor | None = None


class Text(Component):
    """Loss terms from tokens and the words of their class; nothing that a model gives depends on it.

    ``table`` holds the actions, None for a kind that reads labels alone; ``codebook`` quantizes them.
    """

    table: ActionTable | None
    codebook: Quantizer | None

    @abstractmethod
    def forward(self, output: EncodedOutput, target: Tensor) -> Worded:
        """The terms for windows of the classes ``target (b)``. Only losses may depend on ``target``."""

    def predict(self, output: EncodedOutput) -> Tensor | None:
        """Logits of the g actions for every token, from the signal alone, `(b c n g)`; None for a kind that names no
        actions."""
        return None
