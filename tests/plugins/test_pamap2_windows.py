"""Windows of PAMAP2 are those of its publications, and leap over nothing unless asked to."""

from pathlib import Path

import numpy as np
import pytest
from pamap2_files import GOLDEN, channels, lines_of, save, table, unpacked
from zoo_pamap2.line import CLASSES
from zoo_pamap2.published import scaled, windows
from zoo_registry import DataError, ZooNote


@pytest.fixture(params=["subject101", "subject102"])
def golden(request, tmp_path):
    return unpacked(request.param, tmp_path)


@pytest.mark.parametrize("contiguous", [False, True])
def test_windows_equal_those_of_the_reference(golden, contiguous):
    expected = np.load(GOLDEN / "expected.npz")
    place = f"{golden.stem}/{'contiguous' if contiguous else 'published'}"
    found = windows(golden, contiguous)
    assert found.starts.tolist() == expected[f"{place}/start"].tolist()
    assert found.labels.tolist() == expected[f"{place}/y"].tolist()
    assert found.x[0] == pytest.approx(expected[f"{place}/first_window"], abs=1e-6)
    assert found.x.astype(float).mean(2) == pytest.approx(expected[f"{place}/window_mean"], abs=1e-6)
    assert found.x.astype(float).std(2) == pytest.approx(expected[f"{place}/window_std"], abs=1e-6)
    if golden.stem == "subject101":
        assert len(found.starts) == (4 if contiguous else 8)


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> tuple[Path, np.ndarray]:
    """A file of more lines than are read at once, of bouts of any length; 40 lines are missing at line 3001."""
    values = table(7000, activities=(0, 24, 24, 1, 9, 1, 12, 12, 17, 0, 17, 4, 5, 5, 5, 5, 5))
    values = np.delete(values, np.arange(3000, 3040), axis=0)
    return save(tmp_path_factory.mktemp("long") / "subject103.dat", lines_of(values)), values


@pytest.mark.parametrize("contiguous", [False, True])
def test_windows_are_those_of_a_loop(long, contiguous):
    path, values = long
    own = values[[row for row in range(len(values)) if values[row, 1] in CLASSES]]
    third, x = own[::3], scaled(channels(own)[::3])
    labels = [list(CLASSES).index(int(number)) for number in third[:, 1]]
    starts = []
    for start in range(22, len(third) - 100, 22):
        rows = slice(start, start + 100)
        if contiguous:
            whole = np.allclose(np.diff(third[rows, 0]), 0.03) and len(set(labels[rows])) == 1
        else:
            whole = labels[start] == labels[start + 99]
        starts += [start] * whole
    found = windows(path, contiguous)
    assert found.starts.tolist() == starts
    assert found.labels.tolist() == [labels[start] for start in starts]
    assert found.x == pytest.approx(np.stack([x[start : start + 100].T for start in starts]), abs=1e-6)


def test_windows_that_leap_are_published_ones(long):
    path, _ = long
    published, contiguous = windows(path, contiguous=False), windows(path)
    kept = np.isin(published.starts, contiguous.starts)
    assert 0 < kept.sum() < len(kept)
    assert (published.x[kept] == contiguous.x).all()


def test_scaled_values_are_between_zero_and_one():
    """Above its range a channel is .99, below it 0; a missing value is 0 in its own unit."""
    x = np.full((4, 40), np.nan)
    x[:3, 0] = 202, 203, -5
    found = scaled(x)
    assert found[:3, 0].tolist() == [1, 0.99, 0]
    assert found[3, 2] == pytest.approx(114.755 / (47.6314 + 114.755))
    assert ((found >= 0) & (found <= 1)).all()


def test_windows_note_a_damaged_line_and_none_lies_over_it(tmp_path):
    lines = lines_of(table(1500, activities=(4,)))
    lines[700] = "4 2"
    path = save(tmp_path / "subject106.dat", lines)
    with pytest.warns(ZooNote, match=r"subject106.dat: line 701 is left out: 2 columns instead of 54"):
        found = windows(path)
    first = 3 * found.starts  # of its 298 rows; row 700 is the line after the damaged one
    assert len(found.starts)
    assert not ((first < 700) & (first + 297 >= 700)).any()


@pytest.mark.parametrize(("activities", "words"), [((0, 9), "expected an activity of the protocol"), ((1,), "")])
def test_a_recording_may_have_no_windows(tmp_path, activities, words):
    path = save(tmp_path / "subject104.dat", lines_of(table(300, activities=activities)))
    if words:
        with pytest.raises(DataError, match=words):
            windows(path)
    else:
        assert windows(path).x.shape == (0, 40, 100)
