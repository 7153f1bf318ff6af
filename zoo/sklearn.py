"""The zoo as estimators of scikit-learn: a classifier and a transformer of windows `(n, channels, time)`."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
from zoo_registry import Registry, RunSpec, SpecError, ZooNote
from zoo_registry.data import LengthSpec

from zoo.contracts import histogram
from zoo.data import input_of
from zoo.io.scratch import scratch
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.model.coded import CodedModel
from zoo.sources.length import to_length
from zoo.specs.presets import load as load_preset
from zoo.specs.presets import names as preset_names
from zoo.specs.presets.fitting import fit as fit_sizes
from zoo.specs.read import load_spec
from zoo.training.fit import train
from zoo.weights.bundle import load

__all__ = ["ShapeTransformer", "ZooClassifier"]

Spec = Mapping[str, Any] | str
_BATCH = 256
_LARGEST_SEED = 2**32 - 1


class _ZooEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Shared base: a model that is trained on arrays, in a temporary folder."""

    spec: Spec
    validation: float
    random_state: Any
    model_: ZooModel
    window_shape_: tuple[int, ...]
    length_: LengthSpec | None

    def _train(self, x: NDArray[np.float32], y: NDArray[np.int64], names: list[str]) -> None:
        """Train the run of ``spec`` on windows `x (n c t)` of classes `y (n)`; ``model_`` is its model."""
        seed = int(check_random_state(self.random_state).randint(_LARGEST_SEED, dtype=np.int64))
        with scratch() as home, warnings.catch_warnings():
            warnings.simplefilter("ignore", ZooNote)
            run = self._run(_written(home / "windows", x, y, names), seed)
            self.length_ = run.data.length
            self.model_ = load(train(run, home / "run", quiet=True).bundle)

    def _run(self, folder: Path, seed: int) -> RunSpec:
        registry, given = Registry.discover(), _plain(self.spec)
        source = {"kind": "data.npy", "path": str(folder), "layout": "c t", "classes": "classes.txt"}
        data = {"source": source, "split": {"validation": self.validation, "by": "class"}}
        given = {"name": "fitted", **given, "data": data, "training": {**given.get("training", {}), "seed": seed}}
        return registry.run(fit_sizes(given, input_of(registry.run(given).data), registry).run)

    def _windows(self, X: ArrayLike, reset: bool) -> NDArray[np.float32]:
        """Windows `(n c t)`; of an array `(n t)` each row is a window of one channel."""
        least = 2 if reset else 1
        found = validate_data(
            self,
            X,
            reset=reset,
            allow_nd=True,
            dtype=np.float32,
            ensure_min_samples=least,
            ensure_min_features=least,
        )
        windows: NDArray[np.float32] = found[:, None] if found.ndim == 2 else found
        if windows.ndim != 3:
            raise ValueError(f"windows (n, channels, time) expected, found an array of shape {found.shape}")
        if not reset and windows.shape[1:] != self.window_shape_:
            raise ValueError(f"windows of shape {self.window_shape_} expected, as in fit, found {windows.shape[1:]}")
        self.window_shape_ = windows.shape[1:]
        return windows

    def _batches(self, X: ArrayLike) -> Iterator[torch.Tensor]:
        """Windows `(b c t)` of the length that the model reads."""
        windows = self._windows(X, reset=False)
        for first in range(0, len(windows), _BATCH):
            block = np.ascontiguousarray(windows[first : first + _BATCH])
            yield torch.from_numpy(block if self.length_ is None else to_length(block, self.length_))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if isinstance(model := state.get("model_"), ZooModel):  # specs are of classes that are made at run time
            state["model_"] = (model.spec.dump(), {name: t.cpu() for name, t in model.state_dict().items()})
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(stored := state.get("model_"), tuple):
            model = build(stored[0])
            model.load_state_dict(stored[1])
            state = {**state, "model_": model.eval()}
        super().__setstate__(state)


class ZooClassifier(ClassifierMixin, _ZooEstimator):  # type: ignore[misc]
    """A classifier of windows, trained as `zoo train` does.

    ``spec`` is a run or a model with a head: plain data, the path of a JSON file, or the name of a preset; its data are
    those of ``fit``, and sizes that do not fit these are changed as `zoo presets show NAME --data DATA` does. The
    default is a linear classifier on a bag of shapes, solved in seconds. ``validation`` is the share of the windows
    that are held out for model selection; ``random_state`` seeds all random draws.

    After ``fit``: ``classes_``, ``model_`` (a `zoo.ZooModel`), ``window_shape_`` (channels, time).
    """

    def __init__(self, spec: Spec = "bag_of_shapes", *, validation: float = 0.2, random_state: Any = None) -> None:
        self.spec = spec
        self.validation = validation
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on windows ``X`` `(n, channels, time)`, or `(n, time)` of one channel, with labels ``y`` `(n)`.

        Raises ValueError for arrays, and ZooError for a spec, that cannot be trained on.
        """
        windows = self._windows(X, reset=True)
        labels = column_or_1d(y, warn=True)
        check_classification_targets(labels)
        if len(labels) != len(windows):
            raise ValueError(f"as many labels as windows expected, found {len(labels)} and {len(windows)}")
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"at least two classes expected, found one class: {self.classes_[0]!r}")
        self._train(windows, numbers.astype(np.int64), [f"class {k}" for k in range(len(self.classes_))])
        if self.model_.head is None:
            raise SpecError("spec", "a model with a head", "none", "add one, or use zoo.sklearn.ShapeTransformer")
        return self

    @torch.no_grad()
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probability of every class, `(n, classes)`, in the order of ``classes_``."""
        check_is_fitted(self)
        parts = [self.model_(x).logits.double().softmax(-1) for x in self._batches(X)]
        return np.asarray(torch.cat(parts).numpy())

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class of every window, `(n)`."""
        best = self.predict_proba(X).argmax(1)
        return np.asarray(self.classes_[best])


class ShapeTransformer(TransformerMixin, _ZooEstimator):  # type: ignore[misc]
    """Represents windows by their shapes.

    ``spec`` is as for `ZooClassifier`, of a model with a quantizer; the default is a codebook of stretches, learned in
    seconds. ``output`` is `histogram`, how often each channel holds each code `(n, channels · codes)`, or `tokens`, the
    codes themselves `(n, channels · tokens)`. Labels are not used, unless the spec trains a head.
    """

    def __init__(
        self,
        spec: Spec = "stretch_codebook",
        *,
        output: Literal["histogram", "tokens"] = "histogram",
        validation: float = 0.2,
        random_state: Any = None,
    ) -> None:
        self.spec = spec
        self.output = output
        self.validation = validation
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # counts and codes are whole numbers
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn codes from windows ``X`` `(n, channels, time)`, or `(n, time)` of one channel.

        Raises ValueError for arrays, and ZooError for a spec, that cannot be trained on.
        """
        if self.output not in ("histogram", "tokens"):
            raise ValueError(f"output 'histogram' or 'tokens' expected, found {self.output!r}")
        windows = self._windows(X, reset=True)
        labels = np.zeros(len(windows)) if y is None else np.asarray(y)
        numbers = np.unique(labels, return_inverse=True)[1]
        if not numbers.any():  # a data set of the zoo has two classes at least
            numbers = np.arange(len(windows)) % 2
        self._train(windows, numbers.astype(np.int64), [f"class {k}" for k in range(int(numbers.max()) + 1)])
        if self.model_.quantizer is None:
            raise SpecError("spec", "a model with a quantizer", "none", "add one: codes are what is returned")
        return self

    @torch.no_grad()
    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Histograms, or codes, of windows `(n, channels, time)`."""
        check_is_fitted(self)
        model, parts = CodedModel(self.model_), []
        for x in self._batches(X):
            output = model.encode(x)
            codes = output.quantized.codes
            found = histogram(codes, output.tokens.mask, model.size) if self.output == "histogram" else codes
            parts.append(found.flatten(1))
        return np.asarray(torch.cat(parts).numpy())


def _plain(spec: Spec) -> dict[str, Any]:
    """Plain data of a run, from that of a run or a model, a path, or the name of a preset."""
    if isinstance(spec, str) and not Path(spec).exists() and spec in preset_names():
        return dict(load_preset(spec).run)
    given = load_spec(dict(spec) if isinstance(spec, Mapping) else spec)
    if not isinstance(given, dict):
        raise SpecError("spec", "a run or a model", type(given).__name__, "`zoo schema run` describes it")
    return given if "model" in given else {"model": given}


def _written(folder: Path, x: NDArray[np.float32], y: NDArray[np.int64], names: list[str]) -> Path:
    folder.mkdir()
    (folder / "classes.txt").write_text("\n".join(names))
    first = np.unique(y, return_index=True)[1]  # a run has a test split, which training never reads
    for split, rows in (("train", np.arange(len(x))), ("test", first)):
        np.save(folder / f"X_{split}.npy", x[rows])
        np.save(folder / f"y_{split}.npy", y[rows])
    return folder
