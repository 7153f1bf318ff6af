"""Rotated copies of training windows: rotations by the requested angle, kept with their windows."""

import numpy as np
import pytest
from zoo_registry import Registry, SpecError

from zoo.data.turning import rotations, with_turned
from zoo.training.data import ZooData, load_data

DEGREES = 15.0


def test_rotations_turn_by_the_angle_around_any_direction():
    found = rotations(2000, DEGREES, seed=0).astype(np.float64)
    np.testing.assert_allclose(found @ found.transpose(0, 2, 1), np.broadcast_to(np.eye(3), found.shape), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(found), 1, atol=1e-6)
    np.testing.assert_allclose(np.rad2deg(np.arccos((np.trace(found, axis1=1, axis2=2) - 1) / 2)), DEGREES, atol=1e-3)
    directions = np.stack([found[:, 2, 1] - found[:, 1, 2], found[:, 0, 2] - found[:, 2, 0]], 1)
    assert np.abs(directions.mean(0) / directions.std(0)).max() < 0.1
    assert not np.array_equal(found, rotations(2000, DEGREES, seed=1))


def run(folder, **training):
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        x = rng.normal(size=(12, 6, 20)).astype(np.float32)
        x[0, 1, 3] = np.nan
        np.save(folder / f"X_{split}.npy", x)
        np.save(folder / f"y_{split}.npy", np.arange(12) % 2)
    source = {"kind": "data.npy", "path": str(folder), "layout": "c t"}
    spec = {
        "model": {"head": {"kind": "wrn.signal", "depth": 10}},
        "data": {"source": source, "missing": "mask"},
        "training": training,
    }
    return Registry.discover().run(spec)


def test_copies_follow_their_windows_and_nothing_else_is_rotated(tmp_path):
    plain, turned = load_data(run(tmp_path)), load_data(run(tmp_path, turn=DEGREES))
    count = len(plain.data.train)
    assert len(turned.learned) == 2 * count == 2 * len(turned.data.train)
    assert len(turned.data.validation) == len(plain.data.validation)
    np.testing.assert_array_equal(turned.learned.y, np.tile(plain.learned.y, 2))
    np.testing.assert_array_equal(turned.learned.stays, np.tile(np.arange(count), 2))
    np.testing.assert_array_equal(turned.data.mean, plain.data.mean)
    x, copies = (turned.learned.read(np.arange(count) + start).x for start in (0, count))
    np.testing.assert_array_equal(x, plain.learned.read(slice(None)).x)
    whole = turned.learned.read(np.arange(count, 2 * count)).mask
    for three in (slice(0, 3), slice(3, 6)):  # vectors keep their lengths
        seen = whole[:, three].all(1)
        np.testing.assert_allclose(
            np.linalg.norm(x[:, three], axis=1)[seen], np.linalg.norm(copies[:, three], axis=1)[seen], atol=1e-5
        )
    assert np.abs(x - copies).max() > 0.1


def test_one_unobserved_axis_makes_all_three_unobserved(tmp_path):
    data = load_data(run(tmp_path)).data.train
    (window,) = np.flatnonzero(data.rows == 0)
    mask = with_turned(data, DEGREES, seed=0).read(np.array([len(data) + window])).mask[0]
    assert not mask[:3, 3].any()
    assert mask[3:].all()
    assert mask.sum() == 6 * 20 - 3


def test_every_copy_occurs_in_an_epoch(tmp_path):
    data: ZooData = load_data(run(tmp_path, turn=DEGREES, batch=4))
    met = sorted(int(i) for batch in data.train_dataloader() for i in batch.index)
    assert met == list(range(len(data.learned)))


def test_channels_that_are_no_axes_are_refused_before_anything_is_built(tmp_path):
    spec = run(tmp_path, turn=DEGREES).dump()
    with pytest.raises(SpecError, match=r"training\.turn: expected channels in threes"):
        Registry.discover().run(
            spec | {"model": spec["model"] | {"input": {"channels": 4, "length": 20, "classes": 2}}}
        )
