"""Judges: trained classifiers of signals that read raw and rebuilt signals of any model."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor
from zoo_registry import InputSpec, SpecError

from zoo.assembly import ZooModel
from zoo.weights.bundle import load
from zoo.weights.manifest import bundle_in


def load_judges(bundles: Mapping[str, str], data: InputSpec) -> dict[str, ZooModel]:
    """The judges of a run by name, frozen.

    Raises SpecError for one that cannot read these data, and for two that are the same network.
    """
    judges = {name: _load(name, path, data) for name, path in bundles.items()}
    for one, other in combinations(judges, 2):
        if same_head(judges[one], judges[other]):
            hint = "train one of them with another seed, width or kind: a network cannot be its own second opinion"
            raise SpecError(f"evaluation.judges.{other}", "a network of its own", f"the weights of {one}", hint)
    return judges


def add_judges(judges: Mapping[str, str], given: Sequence[str]) -> dict[str, str]:
    """``judges`` with those of the command line, `NAME=BUNDLE` each; raise SpecError for another text."""
    found = dict(judges)
    for text in given:
        name, sign, path = text.partition("=")
        if not (sign and name and path):
            raise SpecError("--judge", "NAME=BUNDLE", repr(text), "write it like wrn=runs/signal/bundle")
        found[name] = path
    return found


def same_head(one: ZooModel, other: ZooModel) -> bool:
    """Whether the heads of two models are the same network, weight by weight."""
    if one.head is None or other.head is None:
        return False
    ours, theirs = one.head.state_dict(), other.head.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k].cpu(), theirs[k].cpu()) for k in ours)


@torch.no_grad()
def predict(judge: ZooModel, x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Classes `(b)` that ``judge`` names for signals `x (b c t)`, observed where ``mask`` is True."""
    logits: Tensor = judge(x, mask).logits
    return logits.argmax(-1)


def _load(name: str, path: str, data: InputSpec) -> ZooModel:
    where = f"evaluation.judges.{name}"
    judge = load(bundle_in(Path(path)))
    head, given = judge.spec.head, judge.spec.input
    if head is None or head.needs != "signal":
        found = f"{head.kind}, which needs {head.needs}" if head else "a model without a head"
        raise SpecError(where, "a classifier of signals", found, "train one, such as wrn.signal, and name its bundle")
    assert given is not None
    for field in ("channels", "length", "classes"):
        theirs, ours = getattr(given, field), getattr(data, field)
        if theirs != ours:
            raise SpecError(where, f"{field} {ours}, as the data have", f"{theirs} in {path}", "train it on these data")
    return judge.requires_grad_(False).eval()
