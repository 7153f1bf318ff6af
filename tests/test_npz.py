"""Arrays larger than memory are written to one .npz file, completely or not at all."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from killed import KILLED, killed_at, steps_of

from zoo.io.npz import NpzStream, new_npz

DTYPES = st.sampled_from(["u1", "<u2", "<i8", "<f4", "?", "<U3"])


def blocks_of(array, cuts):
    return np.split(array, sorted(cuts))


@settings(max_examples=40, deadline=None)
@given(data=st.data(), rows=st.integers(0, 9))
def test_arrays_are_read_back_unchanged(tmp_path_factory, data, rows):
    draw = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = {}
    for name in ("a", "b", "c"):
        shape = (rows, *data.draw(st.lists(st.integers(1, 3), max_size=3)))
        arrays[name] = draw.integers(0, 100, shape).astype(data.draw(DTYPES))
    cuts = data.draw(st.lists(st.integers(0, rows), max_size=3))
    path = tmp_path_factory.mktemp("npz") / "new" / "all.npz"
    with new_npz(path) as stream:
        stream.put("name", np.array("ä"))
        for parts in zip(*(blocks_of(array, cuts) for array in arrays.values()), strict=True):
            stream.append(dict(zip(arrays, parts, strict=True)))
    for mode in (None, "r"):
        with np.load(path, mmap_mode=mode) as found:
            assert list(found) == ["name", "a", "b", "c"]
            assert found["name"] == "ä"
            for name, array in arrays.items():
                assert found[name].dtype == array.dtype
                np.testing.assert_array_equal(found[name], array)
    assert [file.name for file in path.parent.iterdir()] == ["all.npz"]


def write(path, blocks):
    with new_npz(path) as stream:
        for number in range(blocks):
            stream.append({"x": np.full((4096, 64), number, np.float32)})


def test_memory_is_that_of_one_block(tmp_path):
    tracemalloc.start()
    write(tmp_path / "large.npz", 40)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = (tmp_path / "large.npz").stat().st_size
    assert size > 40 * 2**20
    assert peak < 6 * 2**20
    with np.load(tmp_path / "large.npz") as found:
        assert found["x"][::4096, 0].tolist() == list(range(40))


def test_equal_arrays_give_equal_bytes(tmp_path):
    write(tmp_path / "one.npz", 2)
    write(tmp_path / "two.npz", 2)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def append_all(path, blocks):
    with new_npz(path) as stream:
        for block in blocks:
            stream.append({"x": block, "two": np.zeros(2)})


@pytest.mark.parametrize("second", [np.zeros((2, 4), np.float32), np.zeros((2, 3)), np.zeros((1, 3), np.float32)])
def test_blocks_of_a_wrong_shape_leave_the_old_file(tmp_path, second):
    path = tmp_path / "all.npz"
    path.write_text("old")
    with pytest.raises(AssertionError):
        append_all(path, [np.zeros((2, 3), np.float32), second])
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("all.npz", "old")]


def test_files_are_closed(tmp_path):
    with NpzStream(tmp_path) as stream:
        stream.append({"x": np.zeros((1, 3))})
    with pytest.raises(ValueError, match="closed"):
        stream.append({"x": np.zeros((1, 3))})


IMPORTS = "import numpy as np; from zoo.io.npz import new_npz"
PROGRAM = """
with new_npz(target) as stream:
    for row in range(2):
        stream.append({"x": np.full((1, 3), row), "y": np.array([row])})
"""


@pytest.mark.slow
def test_a_killed_process_leaves_the_old_file_or_the_new_one(tmp_path):
    steps = steps_of(IMPORTS, PROGRAM, tmp_path / "count.npz")
    whole, outcomes = (tmp_path / "count.npz").read_bytes(), []
    for step in range(1, steps + 1):
        target = tmp_path / f"at-{step}" / "all.npz"
        target.parent.mkdir()
        target.write_bytes(b"old")
        assert killed_at(step, IMPORTS, PROGRAM, target) == KILLED
        outcomes.append({b"old": "old", whole: "new"}[target.read_bytes()])
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {"old", "new"}
