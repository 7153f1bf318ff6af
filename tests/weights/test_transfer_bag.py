"""Codebooks of a bag are transferred alone; what a bag has learned from data goes with what it depends on."""

import pytest
from zoo_registry import BundleError, TransferSpec

import zoo
from zoo.weights.transfer import transfer

BAG = {"kind": "bag.signal", "samples": 6, "scales": [1, 2], "codes": [3], "level": [2, 2], "places": 10}


def take(model, source, **fields):
    return transfer(model, TransferSpec(source=str(source), **fields))


def rows(report, status):
    return {row.known_as: row.reason for row in report.tensors if row.status == status}


def bag(spec, tmp_path, **fields):
    """A bag with other codebooks than the one stored in `tmp_path/bag`, whose statistics are not zero."""
    source = zoo.build({"input": spec["input"], "head": BAG})
    for tensor in source.head.bag.buffers():
        tensor.fill_(1)
    zoo.save(source, tmp_path / "bag")
    return zoo.build({"input": spec["input"], "head": BAG | fields})


def test_codebooks_of_a_bag_are_transferred_alone(spec, tmp_path):
    model = bag(spec, tmp_path)
    report = take(model, tmp_path / "bag", only=["head.bag.codes"])
    assert {name.rpartition(".")[0] for name in rows(report, "loaded")} == {"head.bag.codes"}
    skipped = rows(report, "skipped")
    assert skipped["head.bag.middle"] == "not in `only`; learned from the training data"
    assert skipped["head.classify.weight"] == "not in `only`"
    assert report.sentence().endswith("4 loaded")
    assert model.head.bag.learns
    assert model.head.bag.standardize.learns
    assert not model.head.bag.codes.waiting


def test_what_was_learned_with_codebooks_is_not_taken_without_them(spec, tmp_path):
    """Stretches of 5 samples: codebooks do not fit, but statistics of the counts would."""
    model = bag(spec, tmp_path, samples=5)
    report = take(model, tmp_path / "bag", policy="fit", only=["head.bag"])
    skipped = rows(report, "skipped")
    assert skipped["head.bag.middle"] == skipped["head.bag.filled"] == "goes with head.bag.codes.axis_1_3"
    assert "6 in the source" in skipped["head.bag.codes.axis_1_3"]
    assert {name.rpartition(".")[0] for name in rows(report, "loaded")} == {"head.bag.standardize"}
    assert model.head.bag.learns


def test_what_was_learned_is_not_taken_without_what_it_depends_on(spec, tmp_path):
    model = bag(spec, tmp_path)
    with pytest.raises(BundleError, match=r"head\.bag\.filled: expected .*, found goes with head\.bag\."):
        take(model, tmp_path / "bag", only=["head.bag.middle"])
    report = take(model, tmp_path / "bag", only=["head.bag"])
    assert {name.rpartition(".")[0] for name in rows(report, "loaded")} == {
        "head.bag",
        "head.bag.codes",
        "head.bag.standardize",
    }
    assert not model.head.bag.learns
