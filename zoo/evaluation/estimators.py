"""Classifiers of aeon and scikit-learn by name, built and fitted; the libraries are imported only when needed."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from zoo_registry import EstimatorSpec, SpecError
from zoo_registry.explain import unknown
from zoo_registry.suggest import nearest

Array = NDArray[Any]

DISTRIBUTIONS: Mapping[str, str] = {"aeon": "aeon", "sklearn": "scikit-learn"}
"""For every library of estimators, the package that installs it."""


class Estimator(Protocol):
    """The interface of a classifier of either library; a fit sets ``classes_``, the labels that it saw, sorted."""

    classes_: Array

    def fit(self, x: Array, y: Array) -> Any: ...

    def predict(self, x: Array) -> Array: ...

    def get_params(self, deep: bool = True) -> dict[str, Any]: ...


def make(spec: EstimatorSpec, where: str) -> Estimator:
    """The estimator of ``spec``, not fitted.

    Raises SpecError for a class or a parameter that the library does not have, or that it refuses.
    """
    kind = _kind(spec, where)
    known = _made(kind, {}, where, spec).get_params(deep=False)
    seeded = {"random_state": spec.seed} if "random_state" in known else {}
    for name in spec.parameters:
        if name == "random_state":
            raise SpecError(f"{where}.parameters", "no random_state", "one", "set `seed` of the judge instead")
        if name not in known:
            hint = f"it has {', '.join(known)}"
            raise unknown(f"{where}.parameters", f"a parameter of {spec.estimator}", name, list(known), hint)
    return _made(kind, {**spec.parameters, **seeded}, where, spec)


def fit(spec: EstimatorSpec, x: NDArray[np.float32], y: Array, where: str) -> Estimator:
    """A new estimator fitted on windows `x (b c t)` of classes `y (b)`; raises SpecError if it refuses them."""
    estimator = make(spec, where)
    with undisturbed():
        try:
            estimator.fit(laid_out(spec, x), y)
        except Exception as error:  # an external estimator may raise anything
            expected = f"windows that {spec.estimator} can be fitted on"
            raise SpecError(
                where, expected, reason(error), "name another estimator, or change its parameters"
            ) from None
    return estimator


def predict(spec: EstimatorSpec, estimator: Estimator, x: NDArray[np.float32], where: str) -> NDArray[np.int64]:
    """Classes `(b)` of windows `x (b c t)`; raises SpecError if the estimator refuses them."""
    with undisturbed():
        try:
            return np.asarray(estimator.predict(laid_out(spec, x))).astype(np.int64)
        except Exception as error:
            expected = f"windows that {spec.estimator} can read"
            raise SpecError(where, expected, reason(error), "name another estimator") from None


def laid_out(spec: EstimatorSpec, x: NDArray[np.float32]) -> Array:
    """Windows `(b c t)` in the layout of the library, in double precision: scikit-learn's flattened, `(b c·t)`."""
    found = x.astype(np.float64)
    return found if spec.library == "aeon" else found.reshape(len(found), -1)


def release(spec: EstimatorSpec) -> str:
    """The version of the library that ``spec`` names."""
    return version(DISTRIBUTIONS[spec.library])


@cache
def classifiers(library: str) -> Mapping[str, type]:
    """Every classifier of ``library`` by the name of its class, as the library's own search finds them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = import_module(f"{library}.utils.discovery").all_estimators
        return dict(search(type_filter="classifier"))


def _kind(spec: EstimatorSpec, where: str) -> type:
    found = classifiers(spec.library)
    if spec.name in found:
        return found[spec.name]
    known = {name: library for library in DISTRIBUTIONS for name in classifiers(library)}
    close = nearest(spec.name, known)
    hint = f"did you mean {known[close]}.{close}?" if close else f"{spec.library} documents its classifiers"
    raise SpecError(where, f"a classifier of {spec.library}", f"{spec.estimator!r}", hint)


def _made(kind: type, parameters: Mapping[str, Any], where: str, spec: EstimatorSpec) -> Estimator:
    try:
        made: Estimator = kind(**parameters)
    except Exception as error:  # some need another estimator, some a package that is not installed
        expected = f"{spec.estimator} to be made from parameters that JSON can hold"
        raise SpecError(where, expected, reason(error), "name another estimator") from None
    return made


def reason(error: Exception) -> str:
    """What an external estimator raised, in one line."""
    return f"{type(error).__name__}: {error}"


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore the global random states; some estimators seed those of torch and NumPy."""
    state = np.random.get_state()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            np.random.set_state(state)
