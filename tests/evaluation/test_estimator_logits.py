"""Logits of estimators: log-probabilities of the library's classifier, out-of-fold by fits without the fold."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from torch.nn import functional as F
from zoo_data import BundledSource
from zoo_registry import DataSpec, EstimatorSpec, Registry, SpecError, ZooNote

from zoo.data.folds import Folding, cut_folds
from zoo.data.prepare import prepare
from zoo.data.split import DataSet
from zoo.evaluation.estimator_logits import estimator_logits
from zoo.evaluation.estimator_scores import LEAST, read_scores
from zoo.teachers.counts import counts

RIDGE = EstimatorSpec(estimator="sklearn.RidgeClassifier")
LOGISTIC = EstimatorSpec(estimator="sklearn.LogisticRegression", parameters={"C": 1e-5})
FOREST = EstimatorSpec(estimator="sklearn.RandomForestClassifier", parameters={"n_estimators": 10})


@pytest.fixture(scope="module")
def motions() -> DataSet:
    return prepare(DataSpec(source=BundledSource()))


@pytest.fixture(scope="module")
def folds(motions) -> np.ndarray:
    return cut_folds(motions.train, Folding("class", 3), 0)


def flat(split, rows=slice(None)) -> np.ndarray:
    return split.read(rows).x.reshape(len(split.y[rows]), -1).astype(np.float64)


def test_probabilities_become_their_logarithms(motions, folds):
    found = estimator_logits(LOGISTIC, motions, folds)
    whole = LogisticRegression(C=1e-5, random_state=0).fit(flat(motions.train), motions.train.y)
    for logits, split in ((found.file.test, motions.test), (found.in_sample, motions.train)):
        np.testing.assert_allclose(np.exp(logits), whole.predict_proba(flat(split)), atol=1e-5)
    for fold in range(3):
        own = folds == fold
        rows = np.flatnonzero(~own)
        part = LogisticRegression(C=1e-5, random_state=0).fit(flat(motions.train, rows), motions.train.y[rows])
        expected = part.predict_proba(flat(motions.train, np.flatnonzero(own)))
        np.testing.assert_allclose(np.exp(found.file.train[own]), expected, atol=1e-5)


def test_scores_are_divided_by_one_temperature_fitted_on_windows_held_out(motions, folds):
    found = estimator_logits(RIDGE, motions, folds)
    held = np.empty((len(motions.train), 4))
    for fold in range(3):
        rows, own = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        part = RidgeClassifier(random_state=0).fit(flat(motions.train, rows), motions.train.y[rows])
        held[own] = part.decision_function(flat(motions.train, own))
    logits = found.file.train.astype(np.float64)
    gaps, expected = logits - logits[:, :1], held - held[:, :1]
    kept = logits.min(1) > np.log(2 * LEAST)  # others are raised to the least probability
    assert kept.sum() > len(kept) / 2
    temperature = np.median(expected[kept][:, 1:] / gaps[kept][:, 1:])
    np.testing.assert_allclose(gaps[kept] * temperature, expected[kept], atol=1e-3)
    y = torch.from_numpy(motions.train.y)
    losses = [float(F.cross_entropy(torch.from_numpy(held / (temperature * by)), y)) for by in (0.2, 1, 5)]
    assert losses[1] == min(losses)
    assert found.file.validation.argmax(1).tolist() == (
        RidgeClassifier(random_state=0)
        .fit(flat(motions.train), motions.train.y)
        .predict(flat(motions.validation))
        .tolist()
    )


def test_without_folds_scores_are_noted_as_too_confident(motions):
    with pytest.warns(ZooNote, match="too confident"):
        found = estimator_logits(RIDGE, motions, None)
    assert found.file.folds is None
    np.testing.assert_array_equal(found.file.train, found.in_sample)


@pytest.mark.parametrize("spec", [RIDGE, LOGISTIC, FOREST], ids=lambda spec: spec.name)
def test_logits_are_finite_log_probabilities_and_reproducible(motions, folds, spec):
    once, again = (estimator_logits(spec, motions, folds).file for _ in range(2))
    for logits, other in ((once.train, again.train), (once.test, again.test)):
        np.testing.assert_array_equal(logits, other)
        assert np.isfinite(logits).all()
        np.testing.assert_allclose(np.exp(logits.astype(np.float64)).sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(once.folds, folds)
    assert once.fingerprint == motions.fingerprint


@pytest.fixture(scope="module")
def memorable(tmp_path_factory) -> DataSet:
    """Every window holds the number of its subject; neighbouring subjects have different classes."""
    folder = tmp_path_factory.mktemp("memorable")
    subject = np.repeat(np.arange(8), 10)
    for split in ("train", "test"):
        noise = np.random.default_rng(0).normal(size=(len(subject), 1, 12)) * 0.01
        np.save(folder / f"X_{split}.npy", (subject[:, None, None] + noise).astype(np.float32))
        np.save(folder / f"y_{split}.npy", subject % 2)
        np.save(folder / f"subject_{split}.npy", subject)
    source = {"kind": "data.npy", "path": str(folder), "layout": "c t", "subject": "subject"}
    return prepare(Registry.discover().data({"source": source, "split": {"by": "class"}}))


@pytest.mark.parametrize(
    "spec",
    [
        EstimatorSpec(estimator="sklearn.KNeighborsClassifier", parameters={"n_neighbors": 12, "weights": "distance"}),
        EstimatorSpec(estimator="sklearn.SVC", parameters={"C": 100.0}),
    ],
    ids=lambda spec: spec.name,
)
def test_who_knows_subjects_alone_is_right_in_sample_and_wrong_out_of_fold(memorable, spec):
    """Two classes, so scores have one column. A single window of a fold in its fit would make others right."""
    folds = cut_folds(memorable.train, Folding("subject", 8), 0)
    file, seen = estimator_logits(spec, memorable, folds)
    in_sample, unseen, *_ = counts(file, memorable, seen)
    assert (in_sample.logits, in_sample.correct) == ("in-sample", in_sample.total)
    assert (unseen.logits, unseen.accuracy < 0.3) == ("out-of-fold", True)


@pytest.mark.parametrize("spec", [RIDGE, LOGISTIC], ids=lambda spec: spec.name)
def test_a_class_that_a_fit_never_saw_is_the_least_likely(motions, spec):
    folds = np.where(motions.train.y == 3, 1, np.arange(len(motions.train)) % 3)
    lone = estimator_logits(spec, motions, folds).file.train[folds == 1]
    assert (lone[:, 3] <= lone.min(1) + 1e-6).all()


def test_a_fit_that_saw_one_class_alone_says_nothing(motions):
    folds = (motions.train.y == 3).astype(np.intp)
    logits = estimator_logits(RIDGE, motions, folds).file.train[folds == 0]
    np.testing.assert_allclose(logits, np.log(1 / 4), atol=1e-6)


def test_estimators_without_probabilities_or_scores_are_refused(motions):
    with pytest.raises(SpecError, match=r"an estimator with probabilities or scores, found .* with classes only"):
        estimator_logits(EstimatorSpec(estimator="sklearn.DecisionTreeClassifier"), motions, None)
    silent = SimpleNamespace(predict=np.argmax, classes_=np.arange(2))
    with pytest.raises(SpecError, match="with classes only"):
        read_scores(RIDGE, silent, np.zeros((2, 1, 8), np.float32), 2, "--estimator")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (EstimatorSpec(estimator="aeon.MiniRocketClasifier"), "did you mean aeon.MiniRocketClassifier?"),
        (RIDGE.model_copy(update={"parameters": {"alpha": -1}}), "can be fitted on"),
    ],
    ids=["unknown", "refused"],
)
def test_mistakes_give_one_line(motions, spec, words):
    with pytest.raises(SpecError, match=r"--estimator") as error:
        estimator_logits(spec, motions, None)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_trees_that_know_every_training_window_are_accepted(motions):
    """In-sample they give probabilities of 0 and 1 only."""
    spec = EstimatorSpec(estimator="sklearn.ExtraTreesClassifier", parameters={"n_estimators": 5})
    found = estimator_logits(spec, motions, None)
    assert (found.in_sample.argmax(1) == motions.train.y).all()
