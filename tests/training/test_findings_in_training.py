"""When the rules for findings are evaluated in training, and how long a finding must hold until it is printed."""

import warnings

import pytest
from small_runs import SIGNAL
from zoo_registry import ZooNote

from zoo.findings.finding import Finding
from zoo.runs.folder import RunFolder
from zoo.training import findings_callback
from zoo.training.findings_callback import FindingsCallback
from zoo.training.fit import train
from zoo.training.log import EpochLog

FINDING = Finding(name="majority-rate", grade="grave", sentence="No better than guessing.", remedy="Train longer.")


@pytest.mark.parametrize(("epochs", "patience", "every"), [(1, 3, 1), (28, 9, 1), (29, 10, 2), (60, 20, 4)])
def test_rules_are_evaluated_five_times_while_a_finding_must_hold(run_of, tmp_path, epochs, patience, every):
    callback = FindingsCallback(run_of(SIGNAL, {"epochs": epochs}), RunFolder(tmp_path), EpochLog(tmp_path))
    assert (callback.patience, callback.every) == (patience, every)


@pytest.mark.slow
def test_a_finding_is_printed_once_it_has_held_for_a_third_of_the_epochs(run_of, tmp_path, monkeypatch):
    rows = []

    def found(facts):
        rows.append(len(facts.curve.epochs))
        return [FINDING] if len(facts.curve.epochs) >= 7 else []

    monkeypatch.setattr(findings_callback, "find", found)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        train(run_of(SIGNAL, {"epochs": 30, "batch": 24}), tmp_path / "run", quiet=True)
    assert rows == list(range(1, 31, 2))
    notes = [str(note.message) for note in said if issubclass(note.category, ZooNote)]
    assert [note for note in notes if FINDING.sentence in note] == [f"epoch 16: {FINDING.sentence} {FINDING.remedy}"]
