"""Folds of a training split: whole units, complete, stored by seed; the data without a fold know nothing of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo_registry import DataError, Registry, SpecError

from zoo.data.folds import Folding, cut_folds, without_fold
from zoo.data.prepare import prepare
from zoo.data.split import DataSet, Split
from zoo.training.data import ZooData

SUBJECTS, EACH = 6, 8


def split_of(y, units, named="subject"):
    """A training split of empty windows with classes ``y`` and the units given."""
    return Split(
        "train", np.zeros((len(y), 1, 8), np.float32), np.arange(len(y)), None, False, y, **{named: np.array(units)}
    )


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> DataSet:
    """Windows of three axes whose only content is the number of their subject, one to six, on every axis."""
    folder = tmp_path_factory.mktemp("marked")
    subject = np.repeat(np.arange(1, SUBJECTS + 1), EACH)
    for split in ("train", "test"):
        x = np.broadcast_to(subject[:, None, None], (len(subject), 3, 16)).astype(np.float32)
        np.save(folder / f"X_{split}.npy", x)
        np.save(folder / f"y_{split}.npy", np.arange(len(subject)) % 2)
        np.save(folder / f"subject_{split}.npy", subject)
    source = {"kind": "data.npy", "path": str(folder), "layout": "c t", "subject": "subject"}
    return prepare(Registry.discover().data({"source": source, "split": {"by": "class"}}))


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(0, 3))
def test_folds_never_divide_a_unit_and_none_is_empty(data: st.DataObject, seed: int) -> None:
    units = data.draw(st.lists(st.integers(0, 8), min_size=4, max_size=40).filter(lambda u: len(set(u)) > 1))
    y = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(units), max_size=len(units))))
    most = min(len(set(units)), int(np.bincount(y).max()))
    number = data.draw(st.integers(2, max(most, 2)))
    if number > most:
        with pytest.raises(DataError):
            cut_folds(split_of(y, units), Folding("subject", number), seed)
        return
    folds = cut_folds(split_of(y, units), Folding("subject", number), seed)
    assert set(folds) == set(range(number))
    for unit in set(units):
        assert len(set(folds[np.array(units) == unit])) == 1


def test_folds_of_windows_keep_the_shares_of_classes():
    y = np.repeat([0, 1, 2], [50, 20, 9])
    folds = cut_folds(split_of(y, y), Folding("class"), 0)
    counts = np.array([np.bincount(y[folds == fold], minlength=3) for fold in range(5)])
    assert (np.ptp(counts, axis=0) <= 1).all()


def test_as_many_folds_as_units_leave_one_out():
    units = np.repeat(np.arange(7), [1, 1, 9, 9, 3, 3, 20])
    folds = cut_folds(split_of(np.arange(46) % 2, units), Folding("subject", 7), 0)
    assert len(set(zip(units, folds, strict=True))) == 7
    assert len(set(folds)) == 7


def test_folds_depend_only_on_their_seed():
    units, y = np.repeat(np.arange(20), 3), np.tile([0, 1, 1], 20)
    once, again, other = (cut_folds(split_of(y, units, "group"), Folding("group"), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)
    assert len(set(once)) == 5


@pytest.mark.parametrize("units", [2, 3], ids="of {}".format)
def test_there_are_fewer_folds_by_default_where_there_are_fewer_units(units):
    folds = cut_folds(split_of(np.arange(12) % 2, np.arange(12) % units), Folding("subject"), 0)
    assert len(set(folds)) == units


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("person", "expected subject, group or class, found 'person'"),
        ("Subject", "did you mean 'subject'"),
        ("subject:1", "2 or more, found '1'"),
        ("group:", "2 or more, found ''"),
        ("class:five", "write it like class:5"),
        ("class:²", "2 or more"),
    ],
)
def test_other_foldings_are_refused(text, words):
    with pytest.raises(SpecError) as error:
        Folding.parse(text)
    assert words in str(error.value)


@pytest.mark.parametrize("text", ["subject", "group:4", "class:12"])
def test_a_folding_is_printed_as_it_is_written(text):
    assert str(Folding.parse(text)) == text


@pytest.mark.parametrize(
    ("folding", "units", "words"),
    [
        (Folding("group"), [1, 1, 2, 2], "--folds group: expected a known group for every training window, found none"),
        (Folding("subject"), [1, 1, 1, 1], "expected two subjects or more in the training split, found 1"),
        (Folding("subject", 5), [1, 1, 2, 3], "expected at most 2 folds, as many as windows of the largest class"),
        (Folding("class", 9), [1, 1, 1, 1], "found 9; write --folds class:2"),
    ],
)
def test_data_that_cannot_be_cut_so_are_refused(folding, units, words):
    with pytest.raises(DataError) as error:
        cut_folds(split_of(np.array([0, 0, 1, 1]), units), folding, 0)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_data_without_a_fold_have_no_window_of_its_subjects(marked):
    """Neither have the rotated copies: a rotation keeps the length of a vector, which tells the subject."""
    folds = cut_folds(marked.train, Folding("subject", 3), 0)
    for fold in range(3):
        rest = without_fold(marked, folds, fold)
        held = set(marked.train.subject[folds == fold])
        loaded = [batch.x for batch in ZooData(rest, batch=4, seed=0, turn=30.0).train_dataloader()]
        norms = np.concatenate([x.numpy()[:, :, 0] for x in loaded])
        seen = set(np.round(np.linalg.norm(norms, axis=1) / np.sqrt(3)).astype(int))
        assert seen == set(range(1, SUBJECTS + 1)) - held
        assert len(norms) == 2 * int((folds != fold).sum())


def test_data_without_a_fold_have_their_own_statistics_and_fingerprint(marked):
    folds = cut_folds(marked.train, Folding("subject"), 0)
    parts = [without_fold(marked, folds, fold) for fold in range(5)]
    for fold, part in enumerate(parts):
        x = marked.train.read(np.flatnonzero(folds != fold)).x.astype(np.float64)
        np.testing.assert_allclose(part.mean, x.mean((0, 2)))
        np.testing.assert_allclose(part.std, x.std((0, 2)))
        assert part.validation is marked.validation
        assert part.test is marked.test
        assert not part.has(marked.fingerprint)
        assert not part.has(marked.stored_fingerprint)
    assert len({part.fingerprint for part in parts}) == 5


def test_taken_windows_keep_their_columns(marked):
    rows = np.array([5, 2, 9])
    taken = marked.train.take(rows)
    np.testing.assert_array_equal(taken.read(slice(None)).x, marked.train.read(rows).x)
    np.testing.assert_array_equal(taken.subject, marked.train.subject[rows])
    np.testing.assert_array_equal(taken.y, marked.train.y[rows])
    assert taken.group is None
