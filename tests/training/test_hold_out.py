"""Training on some people and evaluating on the others."""

import numpy as np
import pytest
from small_runs import SIGNAL
from waves import write_waves
from zoo_registry import DataError, Registry, SpecError, ZooNote

from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.training.fit import train


@pytest.fixture
def spec(tmp_path):
    """Waves of three classes by five people; class 2 is only that of the last."""
    folder = write_waves(tmp_path / "windows", train=40, test=4)
    labels = np.arange(40) % 2
    labels[32:] = 2
    np.save(folder / "y_train.npy", labels)
    np.save(folder / "subject_train.npy", np.array([f"p{row // 8}" for row in range(40)]))
    source = {"kind": "data.npy", "path": str(folder), "layout": "c t", "test": None, "subject": "subject"}
    split = {"hold_out": ["p4"], "by": "class"}
    return {"model": SIGNAL, "data": {"source": source, "split": split}, "training": {"epochs": 1, "batch": 8}}


def test_windows_of_held_out_people_are_evaluated_even_of_unknown_classes(spec, tmp_path):
    with pytest.warns(ZooNote, match="nobody else does 2: 8 test windows"):
        folder = train(Registry.discover().run(spec), tmp_path / "run", quiet=True)
    report = judge_run(open_run(folder), "test")
    assert report.windows == 8
    assert report.head.correct == 0
    assert open_run(folder).data.shared_subjects == ()


def test_a_test_split_is_named_once(spec):
    spec["data"]["split"]["test"] = 0.2
    with pytest.raises(SpecError, match=r"data\.split: expected a share as test, or subjects as hold_out"):
        Registry.discover().run(spec)


def test_a_source_with_a_test_split_of_its_own_holds_nobody_out(spec, tmp_path):
    spec["data"]["source"] |= {"test": "test", "subject": None}
    with pytest.raises(DataError, match=r"expected no data\.split\.hold_out, as the source has a test split, found p4"):
        train(Registry.discover().run(spec), tmp_path / "run", quiet=True)
