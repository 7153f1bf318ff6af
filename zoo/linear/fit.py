"""From features and labels to a linear map, as one pure function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from zoo_registry import ClosedSpec, TrainingError

from zoo.linear.components import find_components
from zoo.linear.discriminant import Discriminant
from zoo.linear.logistic import Logistic
from zoo.linear.ridge import Ridge
from zoo.linear.scaling import find_scaling
from zoo.linear.temperature import find_temperature
from zoo.model.memory import available

_METHODS: Mapping[str, type[Ridge] | type[Discriminant] | type[Logistic]] = {
    "ridge": Ridge,
    "discriminant": Discriminant,
    "logistic": Logistic,
}
_HALF_DECADES = tuple(10 ** (exponent / 2) for exponent in range(-12, 7))
_ALPHAS: Mapping[str, tuple[float, ...]] = {
    "ridge": _HALF_DECADES,
    "discriminant": _HALF_DECADES,
    "logistic": tuple(10.0**exponent for exponent in range(-3, 3)),
}
_RIDGE = ClosedSpec()
_MATRICES = 5
"""Square matrices of the smaller of windows and features, and as many of windows by it, in double precision."""


@dataclass(frozen=True)
class LinearFit:
    """Logits = features · weightᵀ + bias: ``weight (k f)`` and ``bias (k)``, float64, for features as they are given.

    ``alpha`` was chosen by how many of ``total`` windows were named rightly while they were held out, in so many
    ``groups`` that stay together; None where windows are by themselves. ``temperature`` is what scores were divided by.
    """

    weight: Tensor
    bias: Tensor
    alpha: float
    correct: int
    total: int
    groups: int | None
    temperature: float


class _Choice(NamedTuple):
    """How good a penalty is, compared in this order: held-out windows named rightly, less cross-entropy."""

    correct: int
    merit: float
    alpha: float
    temperature: float


def fit_linear(
    features: Tensor,
    labels: Tensor,
    classes: int,
    groups: Tensor | None = None,
    blocks: Sequence[int] | None = None,
    spec: ClosedSpec = _RIDGE,
) -> LinearFit:
    """Fit the linear map of `features (n f)` to `labels (n)` according to ``spec``.

    Windows of one number in `groups (n)` are held out together; None, or one group alone, holds out each by itself
    (ridge), or folds that keep the shares of classes (logistic). ``blocks`` is that of a `LinearHead`. The penalty that
    names most held-out windows rightly is taken, of equals the one with the least cross-entropy at its own temperature;
    the map is then fitted to all windows and divided by that temperature. Centre and scale are folded into it.

    Raises TrainingError for a single window, and if features are not finite or need more memory than there is.
    """
    features, labels = features.detach().cpu(), labels.cpu()
    if len(labels) < 2:
        hint = "use more data, or fit: gradient"
        raise TrainingError("head", "two training windows or more, as some are held out", str(len(labels)), hint)
    _require_room(features)
    if not bool(features.isfinite().all()):
        hint = "lower the learning rate of the phases before, or check the data"
        raise TrainingError("head", "finite features", "NaN or infinite ones", hint)
    if groups is not None:
        numbers, groups = torch.unique(groups.cpu(), return_inverse=True)
        groups = groups if len(numbers) > 1 else None
    scaling = find_scaling(features, blocks)
    components = find_components(features, scaling)
    method = _METHODS[spec.method](components, labels, classes, groups)
    alphas = sorted(set(spec.alphas or _ALPHAS[spec.method]))
    best = max(_judge(alpha, method.held_out(alpha), labels) for alpha in alphas)
    weight, bias = method.solve(best.alpha)
    weight = components.expand(weight)
    bias = bias - scaling.mean @ weight
    held = None if groups is None else len(torch.unique(groups))
    scale = best.temperature
    return LinearFit(weight.T / scale, bias / scale, best.alpha, best.correct, len(labels), held, scale)


def _judge(alpha: float, scores: Tensor, labels: Tensor) -> _Choice:
    temperature = find_temperature(scores, labels)
    loss = float(F.cross_entropy(scores / temperature, labels))
    return _Choice(int((scores.argmax(-1) == labels).sum()), -loss, alpha, temperature)


def _require_room(features: Tensor) -> None:
    """Raise TrainingError if the decomposition would not fit into memory."""
    windows, size = features.shape
    small = min(windows, size)
    needed = 8 * _MATRICES * small * max(small, windows)
    if needed > available():
        expected = f"features whose decomposition fits into {available() / 2**30:.1f} GiB"
        found = f"{size} of {windows} windows, which take {needed / 2**30:.1f} GiB"
        raise TrainingError("head", expected, found, "use fewer features or windows, or fit: gradient")
