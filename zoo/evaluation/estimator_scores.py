"""What an estimator says beside a class: probabilities, or the scores that it decides by."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from zoo_registry import EstimatorSpec, SpecError

from zoo.evaluation.estimators import Array, Estimator, laid_out, reason, undisturbed
from zoo.linear.temperature import find_temperature

LEAST = 1e-6
"""Lower bound of a class's probability, so that its logarithm is finite."""


class Scores(NamedTuple):
    """`values (n k)` of windows for all classes: probabilities, or scores that are larger for likelier classes."""

    values: NDArray[np.float64]
    probable: bool

    @property
    def classes_only(self) -> bool:
        """Whether every window has one class of probability 1, as for estimators that cannot give others."""
        return self.probable and bool(np.isin(self.values, (0, 1)).all())


def read_scores(spec: EstimatorSpec, estimator: Estimator, x: NDArray[np.float32], classes: int, where: str) -> Scores:
    """Scores of windows `x (b c t)` from a fitted estimator.

    Classes that it did not see in its fit get probability 0, or the lowest score of the window. Raises SpecError if
    it has neither probabilities nor scores, or refuses the windows.
    """
    # aeon's convolutional classifiers hold features and classifier as a pipeline of scikit-learn. They themselves give
    # probabilities of 0 and 1 where the classifier in it, such as ridge, gives scores only.
    inner = getattr(estimator, "pipeline_", estimator)
    ways = [(name, getattr(inner, name, None)) for name in ("predict_proba", "decision_function")]
    name, ask = next((way for way in ways if way[1] is not None), (None, None))
    if ask is None:
        raise only_classes(spec, where)
    with undisturbed():
        try:
            found = np.asarray(ask(laid_out(spec, x)), dtype=np.float64)
        except Exception as error:  # an external estimator may raise anything
            expected = f"windows that {spec.estimator} can read"
            raise SpecError(where, expected, reason(error), "name another estimator") from None
    return Scores(_placed(found, estimator.classes_, classes, name == "predict_proba"), name == "predict_proba")


def log_probabilities(scores: Scores, temperature: float) -> NDArray[np.float32]:
    """Logits `(n k)`: log-probabilities of at least log `LEAST`, of scores divided by ``temperature``."""
    values = scores.values
    if not scores.probable:
        shifted = (values - values.max(1, keepdims=True)) / temperature
        values = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    raised = np.maximum(values, LEAST)
    found: NDArray[np.float32] = np.log(raised / raised.sum(1, keepdims=True)).astype(np.float32)
    return found


def temperature_of(scores: Scores, y: Array) -> float:
    """The temperature at which scores of windows of classes `y (n)` are most probable; 1 for probabilities."""
    return 1.0 if scores.probable else find_temperature(torch.from_numpy(scores.values), torch.from_numpy(y))


def _placed(found: Array, seen: Array, classes: int, probable: bool) -> NDArray[np.float64]:
    """Columns of the classes ``seen`` in the fit among all; scores of two classes are one column, of the second."""
    if found.ndim == 1:
        found = np.stack([-found, found], axis=1)[:, -len(seen) :]
    rest = np.zeros(len(found)) if probable else found.min(1)
    values = np.repeat(rest[:, None], classes, axis=1)
    values[:, np.asarray(seen, dtype=np.intp)] = found
    return values


def only_classes(spec: EstimatorSpec, where: str) -> SpecError:
    """The error for an estimator that cannot give logits."""
    hint = "name another one, such as aeon.MiniRocketClassifier"
    return SpecError(where, "an estimator with probabilities or scores", f"{spec.estimator} with classes only", hint)
