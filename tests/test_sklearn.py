"""The estimators for scikit-learn: its own checks, and windows of several channels in its pipelines and searches."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks
from small_runs import SHAPES, SIGNAL
from waves import write_waves
from zoo_registry import SpecError

from zoo.sklearn import ShapeTransformer, ZooClassifier

NOT_HELD = {"check_methods_subset_invariance": "float32 sums are rounded differently in batches of another size"}


@pytest.mark.slow
@parametrize_with_checks(
    [ZooClassifier(random_state=0), ShapeTransformer(random_state=0)], expected_failed_checks=lambda estimator: NOT_HELD
)
def test_the_checks_of_scikit_learn_pass(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    """Windows `(n 2 40)` with words as labels."""
    folder = write_waves(tmp_path_factory.mktemp("arrays") / "waves", train=30, test=12)
    names = np.array(["walk", "run", "sit"])
    return {split: (np.load(folder / f"X_{split}.npy"), names[np.load(folder / f"y_{split}.npy")])
            for split in ("train", "test")}  # fmt: skip


@pytest.fixture(scope="module")
def fitted(windows):
    return ZooClassifier(random_state=0).fit(*windows["train"])


def test_labels_are_returned_as_they_were_given(fitted, windows):
    x, y = windows["test"]
    assert list(fitted.classes_) == ["run", "sit", "walk"]
    assert fitted.score(x, y) == (fitted.predict(x) == y).mean() > 0.8
    np.testing.assert_allclose(fitted.predict_proba(x).sum(1), 1)


def test_a_pickled_classifier_gives_the_same(fitted, windows):
    x, _ = windows["test"]
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(x), fitted.predict_proba(x))


def test_the_random_state_determines_everything(fitted, windows):
    x, _ = windows["test"]
    again = clone(fitted).fit(*windows["train"])
    np.testing.assert_array_equal(again.predict_proba(x), fitted.predict_proba(x))


def test_other_windows_than_those_of_fit_are_refused(fitted):
    with pytest.raises(ValueError, match=r"windows of shape \(2, 40\) expected, as in fit, found \(2, 41\)"):
        fitted.predict(np.zeros((3, 2, 41)))
    with pytest.raises(ValueError, match="NaN"):
        fitted.predict(np.full((3, 2, 40), np.nan))


@pytest.mark.parametrize("output", ["histogram", "tokens"])
def test_shapes_are_features_of_a_pipeline(windows, output):
    shapes = ShapeTransformer(output=output, random_state=0)
    found = shapes.fit(windows["train"][0]).transform(windows["test"][0])
    tokens = shapes.model_.trace.tokens
    assert found.shape == (12, 2 * 64 if output == "histogram" else 2 * tokens["n"])
    if output == "histogram":
        assert (found.reshape(12, 2, 64).sum(-1) == tokens["n"]).all()
    scores = cross_val_score(make_pipeline(shapes, LogisticRegression(max_iter=500)), *windows["train"], cv=2)
    assert scores.shape == (2,)


def test_a_grid_search_varies_the_spec(windows):
    run = {"model": SIGNAL, "training": {"epochs": 1, "batch": 8}}
    wider = {**run, "model": {"head": {**SIGNAL["head"], "width": 2}}}
    search = GridSearchCV(ZooClassifier(run, random_state=0), {"spec": [run, wider]}, cv=2)
    search.fit(*windows["train"])
    assert search.best_estimator_.model_.spec.head.kind == "wrn.signal"
    assert len(search.cv_results_["mean_test_score"]) == 2


def test_a_model_without_the_requested_output_is_refused(windows):
    bare = {"model": {role: SHAPES[role] for role in ("encoder", "quantizer")}, "training": {"epochs": 1}}
    with pytest.raises(SpecError, match="a model with a head"):
        ZooClassifier(bare, random_state=0).fit(*windows["train"])
    with pytest.raises(SpecError, match="a model with a quantizer"):
        ShapeTransformer({"model": SIGNAL, "training": {"epochs": 1}}).fit(*windows["train"])
    with pytest.raises(SpecError, match="JSON file"):
        ZooClassifier("bag_of_shape").fit(*windows["train"])
