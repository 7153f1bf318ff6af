"""File names identify the kind of source of a folder, and the data spec built from them reads it."""

import numpy as np
import pytest
from zoo_registry import DataError, Registry, ZooNote

from zoo.data import input_of
from zoo.specs.places import inferred
from zoo.specs.places import recognise as claimed

REGISTRY = Registry.discover()


def recognise(place):
    """Plain data of the place, completed from its files."""
    return inferred(claimed(place, REGISTRY), REGISTRY)


def save(folder, shape, *splits):
    for split in splits:
        np.save(folder / f"X_{split}.npy", np.zeros(shape, np.float32))
        np.save(folder / f"y_{split}.npy", np.arange(shape[0]) % 2)


@pytest.mark.parametrize(
    ("shape", "layout"), [((6, 3, 50), "c t"), ((6, 50, 3), "t c"), ((6, 1, 50, 3), "1 t c"), ((6, 7, 8), "c t")]
)
def test_arrays_are_read_in_their_stored_layout(tmp_path, shape, layout):
    save(tmp_path, shape, "train", "test")
    found = recognise(tmp_path)
    assert found["source"] == {"kind": "data.npy", "path": str(tmp_path), "layout": layout, "test": "test"}
    assert input_of(REGISTRY.data(found)).length == max(shape[1:])


@pytest.mark.parametrize(
    ("shape", "layout"), [((6, 24, 9), "t c"), ((6, 24, 113), "t c"), ((6, 113, 24), "c t"), ((6, 20, 256), "t c")]
)
def test_where_sizes_do_not_decide_time_is_the_smoother_axis(tmp_path, shape, layout):
    save(tmp_path, shape, "train", "test")
    axis = 1 if layout == "t c" else 2
    waves = np.sin(np.linspace(0, 6, shape[axis])) + np.random.default_rng(0).normal(size=(6, shape[3 - axis], 1))
    np.save(tmp_path / "X_train.npy", waves if layout == "c t" else waves.swapaxes(1, 2))
    with pytest.warns(ZooNote, match=rf"read as {shape[3 - axis]} channels of {shape[axis]} samples"):
        assert recognise(tmp_path)["source"]["layout"] == layout


@pytest.mark.parametrize("shape", [(6, 16, 8), (6, 128, 16), (6, 9, 9)])
def test_a_declared_layout_is_never_guessed(tmp_path, shape):
    save(tmp_path, shape, "train", "test")
    for split in ("train", "test"):
        np.save(tmp_path / f"X_{split}.npy", np.random.default_rng(0).normal(size=shape))
    with pytest.raises(DataError, match="either may be time"):
        recognise(tmp_path)
    for layout in ("c t", "t c"):
        said = {"source": {"kind": "data.npy", "path": str(tmp_path), "layout": layout}}
        assert inferred(said, REGISTRY)["source"]["layout"] == layout


def test_windows_where_either_axis_may_be_time_are_refused_with_the_flag_to_add(tmp_path):
    save(tmp_path, (6, 24, 9), "train", "test")
    np.save(tmp_path / "X_train.npy", np.random.default_rng(0).normal(size=(6, 24, 9)))
    with pytest.raises(DataError, match=r'add --set data\.source\.layout="c t" for 24 channels of 9 samples, or'):
        recognise(tmp_path)


def test_any_split_beside_train_is_used_as_test_split(tmp_path):
    save(tmp_path, (6, 3, 50), "train", "val")
    np.save(tmp_path / "trial_train.npy", np.arange(6))
    source = recognise(tmp_path)["source"]
    assert (source["test"], source["group"]) == ("val", "trial")
    save(tmp_path, (6, 3, 50), "other")
    with pytest.raises(DataError, match="one split to test on, found other, train, val"):
        recognise(tmp_path)
    save(tmp_path, (6, 3, 50), "test")
    assert recognise(tmp_path)["source"]["test"] == "test"


def test_where_there_is_no_test_split_one_is_cut(tmp_path):
    save(tmp_path, (6, 3, 50), "train")
    found = recognise(tmp_path)
    assert found["source"]["test"] is None
    assert found["split"] == {"test": 0.2}
    assert REGISTRY.data(found).split.test == 0.2


def test_other_formats_and_none_are_recognised(tmp_path):
    with pytest.raises(DataError, match=r"none of them"):
        recognise(tmp_path)
    with pytest.raises(DataError, match=r"no such file or folder"):
        recognise(tmp_path / "nowhere")
    (tmp_path / "ID-1_CLASS-2_Window-0001.mat").touch()
    assert recognise(tmp_path) == {"source": {"kind": "data.mat", "path": str(tmp_path)}, "split": {"test": 0.2}}
    (tmp_path / "ERing_TRAIN.ts").touch()
    with pytest.raises(DataError, match=r"data of one kind, found data\.mat and data\.ts; .* such as mat:"):
        recognise(tmp_path)


def test_a_broken_array_gives_one_line(tmp_path):
    (tmp_path / "X_train.npy").write_bytes(b"no numpy")
    with pytest.raises(DataError, match=r"X_train\.npy: expected windows saved by numpy"):
        recognise(tmp_path)
