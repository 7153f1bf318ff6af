"""Small data sets in every format, written where a test needs them."""

from pathlib import Path

import numpy as np
import pytest
from toy_sets import Write, waves

SHARED = Path(__file__).parents[2] / "../shared/data"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here")
    return SHARED


@pytest.fixture
def write_npy(tmp_path: Path) -> Write:
    """A folder of .npy files: three classes, two subjects, trials of two windows; arrays may be replaced by name."""

    def write(**replaced: np.ndarray) -> Path:
        files = {}
        for split, n in (("train", 24), ("test", 12)):
            files[f"X_{split}"] = waves(n, 3, 20, seed=n)
            files[f"y_{split}"] = np.arange(n) // 2 % 3
            files[f"subject_{split}"] = np.array(["ann", "bob"])[np.arange(n) // 2 // 3 % 2]
            files[f"trial_{split}"] = np.arange(n) // 2
        for name, values in {**files, **replaced}.items():
            np.save(tmp_path / f"{name}.npy", values)
        return tmp_path

    return write


@pytest.fixture
def write_mat(tmp_path: Path) -> Write:
    """A folder of MATLAB windows (t c): each of five subjects performs classes 1, 2 and 4, two windows each."""

    def write(key: str = "xw", layout: str = "t c", length: int = 20) -> Path:
        from scipy.io import savemat

        for number, x in enumerate(waves(30, 3, length)):
            subject, label, window = 101 + number // 6, (1, 2, 4)[number // 2 % 3], number % 2 + 1
            stored = x if layout == "c t" else x.T if layout == "t c" else x.T[None]
            savemat(tmp_path / f"ID-{subject}_CLASS-{label:02d}_Window-{window:04d}.mat", {key: stored})
        return tmp_path

    return write


@pytest.fixture
def write_ts(tmp_path: Path) -> Write:
    """A folder of .ts files with two channels; `lengths` gives each series its length, `gap` puts a `?` in one."""

    def write(
        lengths: tuple[int, ...] = (12,) * 12, gap: bool = False, splits: tuple[str, ...] = ("TRAIN", "TEST")
    ) -> Path:
        equal = "true" if len(set(lengths)) == 1 else "false"
        header = f"@problemName Toy\n@timeStamps false\n@missing {str(gap).lower()}\n@univariate false\n"
        header += f"@dimensions 2\n@equalLength {equal}\n@classLabel true Walk RUN sit\n@data\n"
        for split in splits:
            lines = []
            for row, length in enumerate(lengths):
                x = waves(1, 2, length, seed=row)[0]
                cells = [[f"{value:.6f}" for value in channel] for channel in x]
                if gap and row == 3:
                    cells[1][2] = "?"
                lines.append(":".join([*(",".join(channel) for channel in cells), ("Walk", "RUN", "sit")[row % 3]]))
            (tmp_path / f"Toy_{split}.ts").write_text(header + "\n".join(lines) + "\n")
        return tmp_path

    return write
