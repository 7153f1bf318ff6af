"""Statistics of a model's codes from one pass over windows, in memory that hardly depends on the windows' number."""

from collections.abc import Iterable
from math import prod

import numpy as np
import torch
from scipy.sparse import coo_array, csr_array, vstack
from torch import Tensor

from zoo.codebook.pool import CodePool
from zoo.codebook.shapes import Array, Source, decoded_shapes, mean_shapes, shape_source, token_shapes
from zoo.contracts import CodedOutput, observed, slots
from zoo.data.batch import Batch
from zoo.model.coded import CodedModel

BINS = 100
"""Number of bins for starts and lengths: hundredths of the series."""


class CodeStatistics:
    """Counts over real tokens, by book g, level q and code k; g is 1, or the folded channels with a codebook each.

    Only labels and counts of codes are kept per window; all other memory depends on the codebook's size alone.
    """

    def __init__(self, model: CodedModel, classes: int) -> None:
        self.model = model
        self.source: Source | None = shape_source(model)
        self.shape = (model.books, model.levels, model.size)
        self.classes = classes
        self.pool = CodePool(model.books, model.levels)
        self._counts = torch.zeros(prod(self.shape) * classes, dtype=torch.int64)
        self._spans: list[Tensor] = []
        self._sums: Tensor | None = None
        self._summed = torch.zeros(prod(self.shape), dtype=torch.int64)
        self._histograms: list[csr_array] = []
        self._labels: list[Array] = []

    @torch.no_grad()
    def update(self, output: CodedOutput, labels: Tensor) -> None:
        """Add the output of ``encode`` for windows of classes ``labels (b)``."""
        codes, mask = output.quantized.codes, output.tokens.mask
        numbers = slots(codes, self.shape[0], self.shape[2])
        real = observed(mask, codes)
        self.pool.update(codes, mask)
        classes = labels.view(-1, 1, 1, 1).expand_as(codes)
        self._counts += _count(numbers[real] * self.classes + classes[real], len(self._counts))
        self._add_spans(output, numbers, real)
        self._add_shapes(output, numbers, real)
        self._add_histograms(codes, real)
        self._labels.append(labels.cpu().numpy())

    def _add_spans(self, output: CodedOutput, numbers: Tensor, real: Tensor) -> None:
        places = output.tokens.places
        if places is None:
            return
        self._spans = self._spans or [torch.zeros(prod(self.shape) * BINS, dtype=torch.int64) for _ in places]
        for counts, share in zip(self._spans, places, strict=True):
            bins = (share.double() * BINS).long().clamp(0, BINS - 1).unsqueeze(-1).expand_as(numbers)
            counts += _count(numbers[real] * BINS + bins[real], len(counts))

    def _add_shapes(self, output: CodedOutput, numbers: Tensor, real: Tensor) -> None:
        found = token_shapes(self.model.model, output, self.source)
        if found is None:
            return
        shapes, known = found
        real = real if known is None else real & known.unsqueeze(-1)
        sums = shapes.new_zeros(prod(self.shape), shapes.shape[-1])
        for level in range(self.shape[1]):
            here = real[..., level]
            sums.index_add_(0, numbers[..., level][here], shapes[here])
        self._sums = sums.cpu() if self._sums is None else self._sums + sums.cpu()
        self._summed += _count(numbers[real], len(self._summed))

    def _add_histograms(self, codes: Tensor, real: Tensor) -> None:
        """Counts of each code per window, channel and level, sparse."""
        windows, channels, _, levels = codes.shape
        series = torch.arange(channels * levels, device=codes.device).view(channels, 1, levels)
        feature = (series * self.shape[2] + codes)[real].cpu().numpy()
        window = torch.arange(windows, device=codes.device).view(-1, 1, 1, 1).expand_as(codes)[real].cpu().numpy()
        size = (windows, channels * levels * self.shape[2])
        counts = coo_array((np.ones(len(feature), np.float32), (window, feature)), shape=size)
        self._histograms.append(counts.tocsr())

    @property
    def counts(self) -> Array:
        """Tokens by book, level, code and class: `(g q k y)`."""
        return self._counts.view(*self.shape, self.classes).numpy()

    @property
    def starts(self) -> Array | None:
        """Tokens by start, in hundredths of the series: `(g q k 100)`; None if the encoder gives no places."""
        return self._spans[0].view(*self.shape, BINS).numpy() if self._spans else None

    @property
    def lengths(self) -> Array | None:
        """Tokens by length, in the same form."""
        return self._spans[1].view(*self.shape, BINS).numpy() if self._spans else None

    @property
    def histograms(self) -> csr_array:
        """Counts of codes per window `(m f)`, features being channel, level and code."""
        return csr_array(vstack(self._histograms))

    @property
    def labels(self) -> Array:
        """Class of every window, `(m)`."""
        return np.concatenate(self._labels)

    def shapes(self, used: list[list[Array]]) -> list[list[Array]] | None:
        """Normalised shapes `(u s)` of the ``used`` codes `(u)` of every book and level; None if not known."""
        if self.source == "decoded":
            return [[book] for book in decoded_shapes(self.model, [levels[0] for levels in used])]
        if self._sums is None:
            return None
        sums = self._sums.view(*self.shape, -1).numpy()
        counts = self._summed.view(self.shape).numpy()
        return [
            [mean_shapes(sums[g, q, codes], counts[g, q, codes]) for q, codes in enumerate(levels)]
            for g, levels in enumerate(used)
        ]


def survey(model: CodedModel, batches: Iterable[Batch], classes: int) -> CodeStatistics:
    """Statistics of every window of ``batches``."""
    found = CodeStatistics(model, classes)
    for batch in batches:
        with torch.no_grad():
            found.update(model.encode(batch.x, batch.mask), batch.y)
    return found


def _count(values: Tensor, size: int) -> Tensor:
    return torch.bincount(values, minlength=size).cpu()
