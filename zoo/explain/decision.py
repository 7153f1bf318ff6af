"""Decomposition of a linear head's logit: by codebook, by code, and by sample."""

from dataclasses import dataclass

import torch
from torch import Tensor

from zoo.contracts import Evidence, Output, ShapesHead
from zoo.explain.report import CodeSaid, PartSaid

_MOST = 100
"""Number of codes that are listed, those that contribute most."""


@dataclass(frozen=True)
class Decision:
    """The logit of class ``of`` for one window: ``bias``, contributions of ``parts`` and ``codes``, and
    `curve (c t)`, by sample; ``shapes (a s)`` are those of the ``codes``."""

    of: int
    logit: float
    bias: float
    parts: tuple[PartSaid, ...]
    codes: tuple[CodeSaid, ...]
    shapes: tuple[Tensor, ...]
    counted: int
    curve: Tensor


@torch.no_grad()
def decide(head: ShapesHead, output: Output, of: int) -> Decision:
    """Decompose the logit of class ``of`` for the only window of ``output``."""
    signal, books = head.read(output), head.books()
    curve = torch.zeros(signal.shape[1:], dtype=torch.float64, device=signal.device)
    parts, codes, counted = [], list[CodeSaid](), 0
    for one in head.evidence(output, head.classify.weight[of]):
        places = said_by_place(one)
        parts.append(PartSaid(name=one.name, said=float(places.sum())))
        curve += _spread(places, one, len(curve), curve.shape[1])
        if one.book is not None:
            found, number = _codes(one, single=books[one.book].shapes.shape[1] == 1)
            codes, counted = codes + found, counted + number
    codes.sort(key=lambda code: -abs(code.said))
    kept = codes[:_MOST]
    by_name = {book.name: book.shapes for book in books}
    bias = float(head.classify.bias[of])
    return Decision(
        of=of,
        logit=bias + sum(part.said for part in parts),
        bias=bias,
        parts=tuple(parts),
        codes=tuple(kept),
        shapes=tuple(by_name[code.book][code.code].cpu() for code in kept),
        counted=counted,
        curve=curve.cpu(),
    )


def said_by_place(one: Evidence) -> Tensor:
    """Contribution of each stretch of the first window, `(g p)` float64, minus the usual one, the same for each."""
    seen = one.seen[0]
    usual = one.usual.double().sum(-1, keepdim=True) / seen.sum(-1, keepdim=True).clamp(min=1)
    return torch.where(seen, one.said[0].double().sum(-1) - usual, 0)


def _spread(places: Tensor, one: Evidence, channels: int, samples: int) -> Tensor:
    """Contributions of stretches, spread evenly over their samples, `(c t)`; of all axes, also over the channels."""
    edges = places.new_zeros(places.shape[0], samples + 1)
    each = places / one.length
    edges.index_add_(1, one.starts, each)
    edges.index_add_(1, one.starts + one.length, -each)
    found = edges.cumsum(1)[:, :-1]
    return found if len(found) == channels else found.expand(channels, -1) / channels


def _codes(one: Evidence, single: bool) -> tuple[list[CodeSaid], int]:
    """The codes of a book, per ``single`` channel or for all, that contribute most, and the number that contribute."""
    found, counted = [], 0
    for series in range(len(one.usual)):
        cells, said, seen = one.cells[0, series], one.said[0, series].double(), one.seen[0, series]
        size = one.usual.shape[1]
        total = said.new_zeros(size).index_add_(0, cells.flatten(), said.flatten())
        nearest = torch.bincount(cells[seen, 0], minlength=size) / seen.sum().clamp(min=1)
        net = total - torch.where(seen.any(), one.usual[series].double(), 0)
        counted += int(net.count_nonzero())
        for code in net.abs().topk(min(_MOST, size)).indices.tolist():
            start = _best(one, torch.where(cells == code, said, 0).sum(-1))
            found.append(
                CodeSaid(
                    book=one.name,
                    code=code,
                    channel=series if single else None,
                    said=float(net[code]),
                    share=float(nearest[code]),
                    start=start,
                    end=None if start is None else start + one.length,
                )
            )
    return found, counted


def _best(one: Evidence, said: Tensor) -> int | None:
    """Start of the stretch that contributes most; None if none contributes."""
    place = int(said.abs().argmax())
    return int(one.starts[place]) if said[place] != 0 else None
