"""Estimators of aeon and scikit-learn as judges: found by name, fitted only on training windows, reproducible."""

import numpy as np
import pytest
import torch
from aeon.classification.convolution_based import MiniRocketClassifier
from sklearn.linear_model import RidgeClassifier
from zoo_data import BundledSource
from zoo_registry import DataSpec, EstimatorSpec, EvaluationSpec, SpecError, TrainingError, ZooNote

from zoo.data.folds import Folding, cut_folds
from zoo.data.gaps import bridged
from zoo.data.prepare import prepare
from zoo.data.split import Windows
from zoo.evaluation import estimator_judge
from zoo.evaluation.estimator_judge import EstimatorJudge, rehearse
from zoo.evaluation.estimator_logits import estimator_logits
from zoo.evaluation.estimators import classifiers, fit, make, predict
from zoo.evaluation.judges import add_judges, load_judges

SMALL = EstimatorSpec(estimator="aeon.MiniRocketClassifier", parameters={"n_kernels": 168})
RIDGE = EstimatorSpec(estimator="sklearn.RidgeClassifier")


@pytest.fixture(scope="module")
def motions():
    return prepare(DataSpec(source=BundledSource()))


@pytest.fixture(autouse=True)
def forgetful():
    """The cached fits of other tests are not available."""
    estimator_judge.fitted.cache_clear()


def read(judge, split):
    windows = split.read(slice(None))
    mask = None if windows.mask is None else torch.from_numpy(windows.mask)
    return judge.read(torch.from_numpy(windows.x), mask)


def test_a_judge_is_the_librarys_estimator_fitted_on_the_training_split(motions, tmp_path):
    train, test = (split.read(slice(None)).x.astype(np.float64) for split in (motions.train, motions.test))
    reference = MiniRocketClassifier(n_kernels=168, random_state=0).fit(train, motions.train.y).predict(test)
    found = read(EstimatorJudge("mini", SMALL, motions, tmp_path), motions.test)
    assert found.logits is None
    np.testing.assert_array_equal(found.classes, reference)
    assert (found.classes.numpy() == motions.test.y).mean() >= 0.9


def test_minirocket_gives_the_scores_of_its_ridge(motions):
    """aeon's own `predict_proba` has only zeros and ones."""
    found = estimator_logits(SMALL, motions, cut_folds(motions.train, Folding("class", 3), 0))
    x = motions.train.read(slice(None)).x.astype(np.float64)
    whole = MiniRocketClassifier(n_kernels=168, random_state=0).fit(x, motions.train.y)
    test = motions.test.read(slice(None)).x.astype(np.float64)
    np.testing.assert_array_equal(found.file.test.argmax(1), whole.predict(test))
    assert len(np.unique(found.file.test)) > len(motions.test)


def test_scikit_learn_reads_windows_flattened(motions, tmp_path):
    train, test = (split.read(slice(None)).x.reshape(len(split), -1) for split in (motions.train, motions.test))
    reference = RidgeClassifier(random_state=0).fit(train.astype(np.float64), motions.train.y)
    found = read(EstimatorJudge("ridge", RIDGE, motions, tmp_path), motions.test)
    np.testing.assert_array_equal(found.classes, reference.predict(test.astype(np.float64)))


@pytest.mark.parametrize(
    "spec",
    [SMALL, EstimatorSpec(estimator="sklearn.RandomForestClassifier", parameters={"n_estimators": 5})],
    ids=lambda spec: spec.name,
)
def test_a_second_fit_gives_the_same_answers_and_another_seed_is_another_judge(motions, spec):
    x, y = motions.train.read(slice(None)).x, motions.train.y
    first, again = (predict(spec, fit(spec, x, y, "judge"), x, "judge") for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert make(spec.model_copy(update={"seed": 3}), "judge").get_params()["random_state"] == 3


def test_windows_read_once_are_not_read_again(motions, tmp_path):
    with pytest.warns(ZooNote, match=f"fitting aeon.MiniRocketClassifier on {len(motions.train)} raw"):
        first = read(EstimatorJudge("mini", SMALL, motions, tmp_path), motions.test)
    estimator_judge.fitted.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimator_judge, "fit", None)  # a call would fail
        second = read(EstimatorJudge("mini", SMALL, motions, tmp_path), motions.test)
    torch.testing.assert_close(first.classes, second.classes)


def test_a_second_fit_in_the_same_folder_is_reported(motions, tmp_path):
    read(EstimatorJudge("ridge", RIDGE, motions, tmp_path), motions.test)
    other = RIDGE.model_copy(update={"parameters": {"alpha": 0.5}})
    with pytest.warns(ZooNote, match="fitted again, because .*ridge.npz is of another fit"):
        read(EstimatorJudge("ridge", other, motions, tmp_path), motions.test)


def test_a_fit_that_differs_on_training_windows_is_reported_and_replaces_the_old_answers(motions, tmp_path):
    truth = read(EstimatorJudge("ridge", RIDGE, motions, tmp_path), motions.test)
    path = tmp_path / "ridge.npz"
    stored = dict(np.load(path))
    np.savez(path, **{**stored, "classes": (stored["classes"] + 1) % 4})
    fresh = motions.test.read(slice(None)).x + 1e-3  # windows without stored answers
    judge = EstimatorJudge("ridge", RIDGE, motions, tmp_path)
    with pytest.warns(ZooNote, match=r"predicts another class for \d+ of \d+ training windows"):
        judge.read(torch.from_numpy(fresh), None)
    torch.testing.assert_close(read(judge, motions.test).classes, truth.classes)


def test_a_table_never_mixes_two_fits(motions, tmp_path):
    truth = read(EstimatorJudge("ridge", RIDGE, motions, tmp_path), motions.test)
    path = tmp_path / "ridge.npz"
    stored = dict(np.load(path))
    np.savez(path, **{**stored, "classes": (stored["classes"] + 1) % 4})
    judge = EstimatorJudge("ridge", RIDGE, motions, tmp_path)
    assert not torch.equal(read(judge, motions.test).classes, truth.classes)  # stored answers: nothing is fitted
    fresh = torch.from_numpy(motions.test.read(slice(None)).x + 1e-3)
    with pytest.raises(TrainingError, match="run the command again"):
        judge.read(fresh, None)
    again = EstimatorJudge("ridge", RIDGE, motions, tmp_path)
    again.read(fresh, None)
    torch.testing.assert_close(read(again, motions.test).classes, truth.classes)


def test_a_damaged_file_of_answers_counts_as_none(motions, tmp_path):
    truth = read(EstimatorJudge("ridge", RIDGE, motions, tmp_path), motions.test)
    (tmp_path / "ridge.npz").write_bytes((tmp_path / "ridge.npz").read_bytes()[:100])
    again = read(EstimatorJudge("ridge", RIDGE, motions, tmp_path), motions.test)
    torch.testing.assert_close(again.classes, truth.classes)


def test_fitting_draws_no_global_random_numbers(motions):
    hydra = EstimatorSpec(estimator="aeon.HydraClassifier", parameters={"n_kernels": 2, "n_groups": 2})
    for spec in (SMALL, hydra):
        torch.manual_seed(5)
        np.random.seed(5)
        expected = torch.rand(3), np.random.rand(3)
        torch.manual_seed(5)
        np.random.seed(5)
        rehearse(spec, motions, "judge")
        torch.testing.assert_close(torch.rand(3), expected[0])
        np.testing.assert_array_equal(np.random.rand(3), expected[1])


def test_windows_limits_how_many_it_is_fitted_on(motions, tmp_path):
    judge = EstimatorJudge("ridge", RIDGE.model_copy(update={"windows": 12}), motions, tmp_path)
    assert "fitted on 12 raw training windows" in judge.words
    assert "windows 12" in judge.words
    read(judge, motions.test)


def test_gaps_are_filled_by_straight_lines():
    x = np.array([[[0, 9, 2, 9, 9, 5], [9, 9, 3, 9, 9, 9], [9, 9, 9, 9, 9, 9]]], np.float32)
    mask = x != 9
    found = bridged(Windows(np.where(mask, x, 0), mask), np.array([0.0, 0.0, 7.0]))
    np.testing.assert_allclose(found, [[[0, 1, 2, 3, 4, 5], [3] * 6, [7] * 6]])
    whole = np.ones_like(mask)
    np.testing.assert_array_equal(bridged(Windows(x, whole), np.zeros(3)), x)
    np.testing.assert_array_equal(bridged(Windows(x, None), np.zeros(3)), x)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"estimator": "aeon.MiniRocketClasifier"}, "did you mean aeon.MiniRocketClassifier?"),
        ({"estimator": "aeon.RandomForestClassifier"}, "did you mean sklearn.RandomForestClassifier?"),
        ({"estimator": "aeon.KMeans"}, "a classifier of aeon"),
        ({"estimator": "sklearn.VotingClassifier"}, "from parameters that JSON can hold"),
        ({"estimator": "aeon.MiniRocketClassifier", "parameters": {"kernels": 9}}, "did you mean 'n_kernels'?"),
        ({"estimator": "aeon.MiniRocketClassifier", "parameters": {"random_state": 9}}, "set `seed`"),
    ],
)
def test_an_unknown_estimator_is_refused_in_one_line(spec, words):
    with pytest.raises(SpecError, match=r"evaluation.judges.it") as error:
        make(EstimatorSpec(**spec), "evaluation.judges.it")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (SMALL, "n_timepoints must be >= 9"),
        (RIDGE.model_copy(update={"parameters": {"alpha": -1}}), "alpha"),
        (EstimatorSpec(estimator="sklearn.KNeighborsClassifier", parameters={"n_neighbors": 500}), "can read"),
    ],
)
def test_an_estimator_that_cannot_be_fitted_is_refused_before_training(spec, words):
    short = prepare(DataSpec(source=BundledSource(), length={"to": 8}))
    with pytest.raises(SpecError) as error:
        rehearse(spec, short, "evaluation.judges.it")
    assert words in str(error.value)


def test_every_classifier_that_the_library_lists_is_found():
    assert {"MiniRocketClassifier", "MultiRocketHydraClassifier", "QUANTClassifier"} <= classifiers("aeon").keys()
    assert {"RandomForestClassifier", "SVC"} <= classifiers("sklearn").keys()


def test_judges_of_the_command_line_are_parsed_like_those_of_a_spec(motions, tmp_path):
    found = add_judges({}, ["mini=aeon.MiniRocketClassifier", "wrn=runs/wrn", "own=./aeon.Mine"])
    assert found == dict(EvaluationSpec(judges={"mini": "aeon.MiniRocketClassifier"}).judges) | {
        "wrn": "runs/wrn",
        "own": "./aeon.Mine",
    }
    for text in ("aeon.classification.MiniRocketClassifier", "MiniRocketClassifier"):
        with pytest.raises(SpecError, match=r"--judge mini.*such as aeon.MiniRocketClassifier"):
            add_judges({}, [f"mini={text}"])
    with pytest.raises(SpecError, match="NAME=BUNDLE or NAME=ESTIMATOR"):
        add_judges({}, ["mini"])
    with pytest.raises(SpecError, match="a different estimator, found that of mini"):
        load_judges(add_judges({}, [f"{name}=sklearn.RidgeClassifier" for name in ("mini", "too")]), motions, tmp_path)
