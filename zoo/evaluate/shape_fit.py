"""How well drawn shapes fit the stretches they stand for, by the length of their tokens."""

import torch
from torch import Tensor
from torchmetrics import Metric

from zoo.assembly import ZooModel
from zoo.contracts import Output
from zoo.evaluate.fit import errors, mse, r2, seen_in
from zoo.evaluate.report import ShapeBucket

EDGES = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Upper ends of the buckets, as shares of the series; each begins where the one before ends."""
_FIELDS = ("count", "error", "within")


class ShapeFit(Metric):
    """Sums over observed samples of real tokens, per bucket of token length; float64."""

    full_state_update = False
    tokens: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("tokens", torch.zeros(len(EDGES), dtype=torch.int64), dist_reduce_fx="sum")
        for name in _FIELDS:
            self.add_state(name, torch.zeros(len(EDGES), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, drawn: Tensor, true: Tensor, length: Tensor, mask: Tensor | None = None) -> None:
        """Add `drawn` and `true (b c n s)` shapes of tokens of `length (b c n)`, a share of the series.

        Of them ``mask (b c n s)`` is observed; a token of which nothing is does not count.
        """
        seen = seen_in(true, mask)
        place = torch.bucketize(length.double(), torch.tensor(EDGES, dtype=torch.float64, device=length.device))
        place = place.clamp(max=len(EDGES) - 1).flatten()
        self.tokens.index_add_(0, place, (seen.sum(-1) > 0).long().flatten())
        for name, value in errors(true.detach().double(), drawn.detach().double(), seen).items():
            state: Tensor = getattr(self, name)
            state.index_add_(0, place, value.flatten())

    def compute(self) -> dict[str, Tensor]:
        """The sums, one number a bucket."""
        return {name: getattr(self, name) for name in _FIELDS}

    def report(self) -> list[ShapeBucket]:
        """One report per bucket, the shortest tokens first."""
        sums = {name: value.cpu() for name, value in self.compute().items()}
        rows = [{name: value[i] for name, value in sums.items()} for i in range(len(EDGES))]
        ends = zip((0.0, *EDGES[:-1]), EDGES, strict=True)
        return [
            ShapeBucket(above=above, upto=upto, tokens=count, mse=mse(row) if count else None, r2=r2(row))
            for (above, upto), count, row in zip(ends, self.tokens.tolist(), rows, strict=True)
        ]


@torch.no_grad()
def add_shapes(fit: ShapeFit, model: ZooModel, output: Output) -> None:
    """Add the shapes of one forward, for a decoder that draws some and says what they stand for."""
    tokens, drawn = output.coded, output.shapes
    if model.decoder is None or tokens is None or drawn is None or tokens.attributes is None:
        return
    series, mask = (output.x, output.mask) if model.fusion is None else model.fusion.fold(output.x, output.mask)
    found = model.decoder.targets(tokens, series, mask, drawn.shape[-1])
    if found is None:
        return
    true, observed = found
    if tokens.mask is not None:
        real = tokens.mask.unsqueeze(-1).expand_as(true)
        observed = real if observed is None else real & observed
    fit.update(drawn, true, tokens.attributes.l, observed)
