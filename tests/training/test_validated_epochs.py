"""Validation every few epochs: a function of the spec, which changes nothing that is learned."""

import pytest
import torch
from small_runs import SHAPES
from stopped import differing, rows, stopped_and_resumed
from zoo_registry import EvaluationSpec, PhaseSpec

from zoo.training.fit import train
from zoo.training.timeline import Timeline
from zoo.training.validated_epochs import validated

TRAINING = {"epochs": 6, "optimizer": {"kind": "adamw", "lr": 0.01}}


@pytest.mark.parametrize(
    ("evaluation", "phases", "expected"),
    [
        ({}, [{}], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"every": 4}, [{}], [0, 4, 8, 9]),
        ({"every": 100}, [{}], [0, 9]),
        ({"every": 100}, [{"length": 3}, {"length": 7}], [0, 2, 9]),
        ({"every": 100}, [{"length": 3}], [0, 9]),
        ({"every": 100}, [{"length": 3}, {"every": "batch", "length": 1}], [0, 2, 9]),
        ({"every": 5, "codebook": 3}, [{}], [0, 3, 5, 6, 9]),
        ({"every": 2}, [{}, {}], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_every_few_epochs_and_where_something_ends(evaluation, phases, expected):
    timeline = Timeline(tuple(PhaseSpec(**phase) for phase in phases), steps_per_epoch=2)
    spec = EvaluationSpec(**evaluation)
    assert [epoch for epoch in range(10) if validated(epoch, 10, spec, timeline)] == expected


@pytest.mark.slow
def test_it_leaves_gaps_in_the_rows_and_changes_nothing_that_is_learned(run_of, tmp_path):
    all_epochs = train(run_of(SHAPES, TRAINING), tmp_path / "all", quiet=True)
    sparse = train(run_of(SHAPES, TRAINING, evaluation={"every": 4}), tmp_path / "sparse", quiet=True)
    assert differing(all_epochs, sparse) == []
    for epoch, (whole, row) in enumerate(zip(rows(all_epochs), rows(sparse), strict=True)):
        assert row["train/loss"] == whole["train/loss"]
        for name in (name for name in row if name.startswith("val/")):
            assert row[name] == (whole[name] if epoch in (0, 4, 5) else ""), (epoch, name)
    best = torch.load(sparse.best("x"), weights_only=True)["epoch"]
    assert best == min((0, 4, 5), key=lambda epoch: float(rows(all_epochs)[epoch]["val/x"]))


@pytest.mark.slow
def test_a_resumed_run_validates_the_same_epochs(run_of, tmp_path):
    run = run_of(SHAPES, TRAINING, evaluation={"every": 4, "codebook": 3})
    whole = train(run, tmp_path / "whole", quiet=True)
    stopped = stopped_and_resumed(run, tmp_path / "stopped", epochs=3)
    assert differing(stopped, whole) == []
    known = [[name for name, cell in row.items() if cell] for row in rows(whole)]
    assert ["val/codebook" in names for names in known] == [True, False, False, True, False, False]
    assert ["val/x" in names for names in known] == [True, False, False, True, True, True]
    assert [[name for name, cell in row.items() if cell] for row in rows(stopped)] == known
