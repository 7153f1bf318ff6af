"""Judges: trained classifiers of signals that read raw and rebuilt signals of any model."""

from collections.abc import Mapping
from pathlib import Path

from zoo_registry import InputSpec, SpecError

from zoo.assembly import ZooModel
from zoo.weights.bundle import load


def load_judges(bundles: Mapping[str, str], data: InputSpec) -> dict[str, ZooModel]:
    """The judges of a run by name, frozen; raise SpecError for one that cannot read these data."""
    return {name: _load(name, path, data) for name, path in bundles.items()}


def _load(name: str, path: str, data: InputSpec) -> ZooModel:
    where = f"evaluation.judges.{name}"
    judge = load(Path(path))
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
