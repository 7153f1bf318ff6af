"""Actions that a text component predicts for tokens, summed by code, and its attention to the actions of a class."""

import torch
from torch import Tensor

from zoo.codebook.shapes import Array
from zoo.contracts import CodedOutput, observed, slots
from zoo.model.coded import CodedModel

_NOTHING = 1e-6
"""Nats under which there is no choice."""


class CodeActions:
    """Chances of the g actions over real tokens, by code; empty for a model whose text names no actions.

    Memory depends on the number of used codes and of actions, not on the windows.
    """

    def __init__(self, model: CodedModel) -> None:
        self.model = model
        self._slots = torch.empty(0, dtype=torch.int64)
        self._sums: Tensor | None = None
        self._attended: _Attended | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The actions, in the order of their numbers; with the control one-hot the names of the classes."""
        text = self.model.model.text
        return () if text is None or text.table is None or self._sums is None else text.table.vocabulary.texts

    @torch.no_grad()
    def update(self, output: CodedOutput, labels: Tensor) -> None:
        """Add the output of ``encode`` for windows of classes ``labels (b)``, on which chances do not depend."""
        text = self.model.model.text
        logits = None if text is None else text.predict(output)
        if text is None or logits is None:
            return
        chances, codes = logits.double().softmax(-1), output.quantized.codes
        numbers, real = slots(codes, self.model.books, self.model.size), observed(output.tokens.mask, codes)
        for level in range(codes.shape[-1]):
            here = real[..., level]
            self._add(numbers[..., level][here].cpu(), chances[here].cpu())
        attention = text(output, labels).attention
        if attention is not None and text.table is not None:
            self._attended = self._attended or _Attended(text.table.numbers.cpu())
            self._attended.update(attention.double().cpu(), real[..., 0].cpu(), labels.cpu())

    def _add(self, numbers: Tensor, chances: Tensor) -> None:
        before = chances.new_zeros(0, chances.shape[1]) if self._sums is None else self._sums
        self._slots, index = torch.unique(torch.cat([self._slots, numbers]), return_inverse=True)
        sums = chances.new_zeros(len(self._slots), chances.shape[1])
        self._sums = sums.index_add_(0, index, torch.cat([before, chances]))

    def of(self, book: int, level: int, codes: Array) -> Array | None:
        """Sums of chances `(u g)` over the tokens of the used ``codes (u)`` of a book's level; None without actions."""
        if self._sums is None:
            return None
        wanted = (book * self.model.levels + level) * self.model.size + torch.from_numpy(codes)
        found: Array = self._sums[torch.searchsorted(self._slots, wanted)].numpy()
        return found

    @property
    def contrast(self) -> float | None:
        """How much attention to actions differs between tokens of a class, 0 to 1; None if it is not known."""
        return None if self._attended is None else self._attended.contrast


class _Attended:
    """Attention of tokens to the actions of their class, whose ``numbers (k a)`` may repeat."""

    def __init__(self, numbers: Tensor) -> None:
        self.numbers = numbers
        self._sums = torch.zeros(numbers.shape[0], int(numbers.max()) + 1, dtype=torch.float64)
        self._entropy = 0.0

    def update(self, attention: Tensor, real: Tensor, labels: Tensor) -> None:
        """Add `attention (b c n a)` of the tokens that are ``real (b c n)``."""
        for label in range(len(self._sums)):
            rows = attention[labels == label][real[labels == label]]
            attended = rows.new_zeros(len(rows), self._sums.shape[1]).index_add_(1, self.numbers[label], rows)
            self._sums[label] += attended.sum(0)
            self._entropy += float(torch.special.entr(attended).sum())

    @property
    def contrast(self) -> float | None:
        """Mutual information of token and attended action within classes, over the entropy of the attended action.

        0 if all tokens of a class attend alike, 1 if each attends to one action only; None if classes have one action.
        """
        counts = self._sums.sum(1, keepdim=True)
        largest = float((counts * torch.special.entr(self._sums / counts.clamp(min=1))).sum())
        return 1 - self._entropy / largest if largest > _NOTHING * float(counts.sum()) else None
