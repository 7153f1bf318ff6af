"""Fit of drawn shapes to their stretches: over all tokens, by the length of tokens, or by code."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

from zoo.contracts import Output
from zoo.evaluation.fit import Sums, centred, errors, mse, r2, ratio, seen_in
from zoo.evaluation.report import ShapeBucket, ShapeScore
from zoo.model.assembly import ZooModel

EDGES = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Upper ends of the buckets, as shares of the series; each begins at the end of the one before."""
FLAT = 0.05
"""Deviation of a stretch, over that of its series, up to which it has no shape: a limb at rest, or sensor noise."""
SEEN = 0.5
"""Share of a stretch that must be observed for it to have a shape: few samples correlate by chance."""
_ROUNDING = 1e-6
"""Deviation of a drawn shape, over that of its series, up to which it is constant: the rounding error of float32."""
_COUNTS = ("tokens", "shaped")
_SUMS = ("count", "error", "within", "correlation", "drawn", "true", "spread")


class Stretches(NamedTuple):
    """Shapes as ``drawn (b c n s)`` and the ``true`` stretches, in the units of the folded series.

    ``observed (b c n s)`` is True where a sample of the stretch was seen and its token is real, None = everywhere;
    ``deviation (b c 1)`` is that of each folded series over its observed samples.
    """

    drawn: Tensor
    true: Tensor
    observed: Tensor | None
    deviation: Tensor


class ShapeFit(Metric):
    """Sums over observed samples of real tokens, per group of tokens; float64, so that the order does not matter.

    ``together``: sum over all processes, each of which has seen a share.
    """

    full_state_update = False

    def __init__(self, groups: int = len(EDGES), together: bool = True) -> None:
        super().__init__(sync_on_compute=together)
        self.groups = groups
        for name in _COUNTS:
            self.add_state(name, torch.zeros(groups, dtype=torch.int64), dist_reduce_fx="sum")
        for name in _SUMS:
            self.add_state(name, torch.zeros(groups, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, found: Stretches, group: Tensor) -> None:
        """Add tokens, each of a `group (b c n)`; a token without observed samples does not count."""
        for name, value in _token_sums(found).items():
            state: Tensor = getattr(self, name)
            state.index_add_(0, group.flatten(), value.flatten().to(state.dtype))

    def compute(self) -> dict[str, Tensor]:
        """The sums, one number a group."""
        return {name: getattr(self, name) for name in (*_COUNTS, *_SUMS)}

    def report(self, groups: Sequence[int] | None = None) -> list[ShapeScore]:
        """Scores of every group, or of some ``groups``, then of all together."""
        sums = {name: value.cpu().reshape(self.groups) for name, value in self.compute().items()}
        chosen = range(self.groups) if groups is None else groups
        each = [_score({name: value[i] for name, value in sums.items()}) for i in chosen]
        return [*each, _score({name: value.sum() for name, value in sums.items()})]


@torch.no_grad()
def stretches(model: ZooModel, output: Output) -> Stretches | None:
    """Drawn shapes and their stretches from one forward pass; None if the decoder draws none or has no targets."""
    tokens, drawn = output.coded, output.shapes
    if model.decoder is None or tokens is None or drawn is None:
        return None
    series, mask = model.fusion.fold(output.x, output.mask)
    found = model.decoder.targets(tokens, series, mask, drawn.shape[-1])
    if found is None:
        return None
    true, observed = found
    if tokens.mask is not None:
        real = tokens.mask.unsqueeze(-1).expand_as(true)
        observed = real if observed is None else real & observed
    deviation = _deviation(series.double(), seen_in(series, mask)).unsqueeze(-1)
    return Stretches(drawn, true, observed, deviation)


def by_length(length: Tensor) -> Tensor:
    """The bucket of each token of `length (b c n)`, a share of the series."""
    edges = torch.tensor(EDGES, dtype=torch.float64, device=length.device)
    return torch.bucketize(length.double(), edges).clamp(max=len(EDGES) - 1)


def buckets(scores: Sequence[ShapeScore]) -> list[ShapeBucket]:
    """One report per bucket, the shortest tokens first."""
    ends = zip((0.0, *EDGES[:-1]), EDGES, strict=True)
    return [
        ShapeBucket(
            above=above, upto=upto, tokens=score.tokens, mse=score.mse, r2=score.r2, correlation=score.correlation
        )
        for (above, upto), score in zip(ends, scores, strict=False)
    ]


def heights(found: Stretches) -> tuple[Tensor, Tensor]:
    """Deviation of every drawn shape and of its stretch, `(b c n)` each, over observed samples; 0 where none is."""
    seen = seen_in(found.true, found.observed)
    return _deviation(found.drawn.double(), seen), _deviation(found.true.double(), seen)


def _token_sums(found: Stretches) -> Sums:
    """Sums of every token, `(b c n)` each."""
    seen = seen_in(found.true, found.observed)
    true, drawn, level = found.true.detach().double(), found.drawn.detach().double(), found.deviation
    sums, made = errors(true, drawn, seen), centred(drawn, seen)
    count, power = sums["count"].clamp(min=1), made.square().sum(-1)
    height, drawn_height = (sums["within"] / count).sqrt(), (power / count).sqrt()
    shaped = (height > FLAT * level) & (seen.mean(-1) >= SEEN)
    varies = shaped & (drawn_height > _ROUNDING * level)
    norm = torch.where(varies, (sums["within"] * power).sqrt(), 1)
    return {
        **sums,
        "tokens": sums["count"] > 0,
        "shaped": shaped,
        "correlation": torch.where(varies, (centred(true, seen) * made).sum(-1) / norm, 0),
        "drawn": drawn_height,
        "true": height,
        "spread": sums["count"] * level.square(),
    }


def _deviation(x: Tensor, seen: Tensor) -> Tensor:
    """Deviation of each series `(... t)` over what was seen, `(...)`."""
    found: Tensor = (centred(x, seen).square().sum(-1) / seen.sum(-1).clamp(min=1)).sqrt()
    return found


def _score(sums: Sums) -> ShapeScore:
    tokens = int(sums["tokens"])
    return ShapeScore(
        tokens=tokens,
        shaped=int(sums["shaped"]),
        correlation=ratio(sums["correlation"], sums["shaped"]),
        mse=mse(sums) if tokens else None,
        r2=r2(sums),
        scale=ratio(sums["drawn"], sums["true"]),
        room=ratio(sums["within"], sums["spread"]),
    )
