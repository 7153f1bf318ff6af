"""Judges: classifiers of raw and rebuilt signals, either networks of the zoo or estimators of other libraries."""

import warnings
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor
from zoo_registry import AnyJudge, EvaluationSpec, InputSpec, SpecError, ZooNote, class_order
from zoo_registry.errors import show
from zoo_registry.explain import explain

from zoo.data.split import DataSet
from zoo.evaluation.estimator_judge import EstimatorJudge
from zoo.evaluation.judge import Judge, NetworkJudge, require_labels
from zoo.model.assembly import ZooModel
from zoo.weights.bundle import load
from zoo.weights.manifest import bundle_in


def load_judges(judges: Mapping[str, AnyJudge], data: DataSet, folder: Path) -> dict[str, Judge]:
    """The judges of a run by name, frozen; ``folder`` stores predictions of estimators.

    Raises SpecError for one that cannot read these data, and for two that are the same.
    """
    found: dict[str, Judge] = {}
    for name, judge in judges.items():
        if isinstance(judge, str):
            found[name] = _network(name, judge, data.input)
        else:
            found[name] = EstimatorJudge(name, judge, data, folder)
    _require_different(found)
    return found


def load_networks(bundles: Mapping[str, str], data: InputSpec) -> dict[str, NetworkJudge]:
    """Judges that are trained networks, for use while a run trains; raises as ``load_judges`` does."""
    found = {name: _network(name, path, data) for name, path in bundles.items()}
    _require_different(found)
    return found


def add_judges(judges: Mapping[str, AnyJudge], given: Sequence[str]) -> dict[str, AnyJudge]:
    """``judges`` with those of the command line, `NAME=BUNDLE` or `NAME=ESTIMATOR`; raise SpecError otherwise."""
    found = dict(judges)
    for text in given:
        name, sign, judge = text.partition("=")
        if not (sign and name and judge):
            hint = "write it like wrn=runs/signal/bundle or mini=aeon.MiniRocketClassifier"
            raise SpecError("--judge", "NAME=BUNDLE or NAME=ESTIMATOR", repr(text), hint)
        found |= _validated({"judges": {name: judge}})
    return found


def _validated(evaluation: dict[str, dict[str, str]]) -> Mapping[str, AnyJudge]:
    try:
        return EvaluationSpec.model_validate(evaluation).judges
    except ValidationError as error:
        reason = explain(error, EvaluationSpec, evaluation)
        raise SpecError(
            f"--judge {reason.where.removeprefix('judges.')}", reason.expected, reason.found, reason.hint
        ) from None


def predict(judge: Judge, x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Classes `(b)` that a judge gives to windows `x (b c t)`, observed where ``mask`` is True, None = everywhere."""
    return judge.read(x, mask).classes


def same_head(one: ZooModel, other: ZooModel) -> bool:
    """Whether the heads of two models are the same network, weight by weight."""
    if one.head is None or other.head is None:
        return False
    ours, theirs = one.head.state_dict(), other.head.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k].cpu(), theirs[k].cpu()) for k in ours)


def _require_different(judges: Mapping[str, Judge]) -> None:
    for one, other in combinations(judges, 2):
        first, second = judges[one], judges[other]
        if (
            isinstance(first, NetworkJudge)
            and isinstance(second, NetworkJudge)
            and same_head(first.model, second.model)
        ):
            hint = "train one of them with another seed, width or kind: two judges must differ"
            raise SpecError(f"evaluation.judges.{other}", "a different network", f"the weights of {one}", hint)
        if isinstance(first, EstimatorJudge) and isinstance(second, EstimatorJudge) and first.spec == second.spec:
            hint = "give one of them another class, seed or parameter: two judges must differ"
            raise SpecError(f"evaluation.judges.{other}", "a different estimator", f"that of {one}", hint)


def _network(name: str, path: str, data: InputSpec) -> NetworkJudge:
    where = f"evaluation.judges.{name}"
    require_labels(where, data)
    model = load(bundle_in(path))
    head, given = model.spec.head, model.spec.input
    if head is None or head.needs != "signal":
        found = f"{head.kind}, which needs {head.needs}" if head else "a model without a head"
        raise SpecError(where, "a classifier of signals", found, "train one, such as wrn.signal, and name its bundle")
    assert isinstance(given, InputSpec)
    _require_same_windows(where, path, given, data)
    order = _class_order(where, path, given.class_names, data.class_names)
    return NetworkJudge(model.requires_grad_(False).eval(), path, order)


def _require_same_windows(where: str, path: str, judge: InputSpec, data: InputSpec) -> None:
    """Raise SpecError for windows that differ from those of the judge; facts unknown to either side are ignored."""
    for field, theirs, ours in judge.conflicts(data):
        if field != "class_names":  # compared by content, in any order
            expected, found = f"{field} {show(ours)}, as the data have", f"{show(theirs)} in {path}"
            raise SpecError(where, expected, found, "train it on these data")


def _class_order(
    where: str, path: str, theirs: tuple[str, ...] | None, ours: tuple[str, ...] | None
) -> tuple[int, ...] | None:
    """The judge's index of each class of the data, None if the orders agree or names are unknown.

    Raises SpecError if both name their classes and these differ.
    """
    if theirs is None or ours is None:
        if ours is not None:
            note = f"the bundle {path} has no class names; its classes are assumed to be in the order of the data"
            warnings.warn(f"{where}: {note}, {ours[0]} first", ZooNote, stacklevel=4)
        return None
    order = class_order(ours, theirs)
    if order is None:
        odd = sorted(set(ours) ^ set(theirs))[0]
        side = "only the data have" if odd in ours else "only the judge knows"
        hint = "train it on these data, or use the same class names, for example with data.source.classes"
        raise SpecError(where, "a judge of the classes of the data", f"{side} {odd!r}; it comes from {path}", hint)
    return None if order == tuple(range(len(ours))) else order
