"""Whatever is wrong with the files, the message is one line that names the file and the next step."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from toy_sets import Write, waves
from zoo_data import MatSource, NpySource, TsSource
from zoo_registry import DataError
from zoo_registry.data import DataSpec, LengthSpec, SplitSpec

from zoo.data import input_of, prepare
from zoo.data.check import scan_all


def refuse(spec: DataSpec, where: str, found: str) -> None:
    with pytest.raises(DataError) as caught:
        prepare(spec)
    line = str(caught.value)
    assert "\n" not in line
    assert caught.value.hint
    assert where in caught.value.where
    assert found in line


def npy(folder: Path, layout: str = "c t", **changes: object) -> DataSpec:
    return DataSpec(source=NpySource(path=str(folder), layout=layout), **changes)


def holed(value: float) -> np.ndarray:
    x = waves(24, 3, 20, seed=24)
    x[9, 1, 4] = value
    return x


@pytest.mark.parametrize(
    ("name", "values", "where", "found"),
    [
        ("X_train", holed(np.nan), "X_train.npy, window 9", "NaN"),
        ("X_train", holed(np.inf), "X_train.npy, window 9", "infinite"),
        ("X_train", waves(24, 3, 20).astype(np.float64) * 1e300, "X_train.npy, window 0", "infinite"),
        ("X_train", waves(24, 3, 20) + 1j, "X_train.npy", "complex64"),
        ("X_train", waves(24, 3, 20).astype(str), "X_train.npy", "<U32"),
        ("X_train", waves(24, 3, 20)[:, 0], "X_train.npy", "shape (24, 20)"),
        ("X_train", waves(24, 3, 20)[:, None], "X_train.npy", 'set layout to "1 t c"'),
        ("X_train", waves(0, 3, 20), "X_train.npy", "0 windows"),
        ("X_train", np.zeros((24, 0, 20)), "X_train.npy", "none"),
        ("X_train", np.zeros((24, 3, 1)), "X_test.npy", "1 to 20 samples"),
        ("X_test", waves(12, 3, 21), "X_test.npy", "20 to 21 samples"),
        ("X_test", waves(12, 2, 20), "X_test.npy", "2, but 3"),
        ("y_train", np.arange(23) % 3, "X_train.npy", "24 windows beside 23 values in y_train.npy"),
        ("y_train", np.eye(3)[np.arange(24) % 3], "y_train.npy", "shape (24, 3)"),
        ("y_train", np.arange(24) % 3 + 0.5, "y_train.npy", "float64"),
        ("y_train", np.array(["a", "b", "c"] * 8), "y_train.npy", "both"),
        ("y_train", np.zeros(24, dtype=int), "X_test.npy", "1, 2 in test alone"),
        ("y_test", np.arange(12) % 4, "X_test.npy", "3 in test alone"),
    ],
)
def test_npy_mistakes(write_npy: Write, name: str, values: np.ndarray, where: str, found: str) -> None:
    refuse(npy(write_npy(**{name: values})), where, found)


def test_npy_empty_splits(write_npy: Write) -> None:
    none = {"X_test": waves(0, 3, 20), "y_test": np.zeros(0, dtype=int)}
    refuse(npy(write_npy(**none)), "X_test.npy", "an empty split")


@pytest.mark.parametrize("split", ["train", "test"])
def test_npy_windows_without_samples(write_npy: Write, split: str) -> None:
    """A length step would pad them, so that nothing else refuses them; `zoo check` scans them as they are."""
    folder = write_npy(**{f"X_{split}": np.zeros((24 if split == "train" else 12, 3, 0), np.float32)})
    spec = npy(folder, length=LengthSpec(to=20, method="pad"))
    refuse(spec, f"X_{split}.npy", "a window with none")
    raw = NpySource(path=str(folder), layout="c t").read()
    with pytest.raises(DataError, match="at least one sample in every window"):
        scan_all([raw.train, raw.test], spec)


def test_npy_wrong_layouts(write_npy: Write) -> None:
    refuse(npy(write_npy(), "1 t c"), "X_train.npy", "set layout to")


def test_npy_files_that_hold_python_objects_are_never_unpickled(write_npy: Write, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'sprung')!r}, 'w')",))

    folder = write_npy()
    np.save(folder / "X_train.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    refuse(npy(folder), "X_train.npy", "Python objects")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("file", ["X_train.npy", "y_train.npy", "X_test.npy", "y_test.npy"])
def test_npy_missing_files(write_npy: Write, file: str) -> None:
    folder = write_npy()
    (folder / file).unlink()
    refuse(npy(folder), file, "trial_train.npy")


def test_missing_and_unknown_subjects(write_npy: Write) -> None:
    refuse(npy(write_npy(), split=SplitSpec(by="subject")), "X_train.npy", "a known subject")


def test_paths_that_are_no_data_folders(tmp_path: Path, write_npy: Write) -> None:
    refuse(npy(tmp_path / "nowhere"), "nowhere", "no such folder")
    refuse(npy(write_npy() / "X_train.npy"), "X_train.npy", "a file")
    refuse(DataSpec(source=TsSource(path=str(tmp_path))), tmp_path.name, "none")
    refuse(DataSpec(source=MatSource(path=str(tmp_path))), tmp_path.name, "none")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda text: text.replace("@classLabel true Walk RUN sit\n", ""), "distinct class names"),
        (lambda text: text.replace("Walk RUN sit\n", "Walk RUN walk\n"), "distinct class names"),
        (lambda text: text.replace("@timeStamps false", "@timeStamps true"), "time stamps"),
        (lambda text: text.replace(":RUN", ":fly"), "'fly'"),
        (lambda text: text.split("@data")[0] + "@data\n", "an empty split"),
        (lambda text: text.split("@data")[0], "an empty split"),
        (lambda text: text[:-40], "the file is cut short"),
        (lambda text: text[: text.rindex(":") + 2], "'s'"),
        (lambda text: text.replace(",", ";"), "ValueError"),
        (lambda text: text.replace(":RUN", ":1:RUN"), "3 channels; correct that line"),
        (lambda text: text.replace("@data\n", "@data\n1.0,2.0:1.0,2.0:Walk\n"), "OSError"),
        (lambda _: "no header at all", "distinct class names"),
        (lambda _: "", "distinct class names"),
    ],
)
def test_ts_mistakes(write_ts: Write, change: Callable[[str], str], found: str) -> None:
    folder = write_ts()
    path = folder / "Toy_TRAIN.ts"
    path.write_text(change(path.read_text()))
    refuse(DataSpec(source=TsSource(path=str(folder))), "Toy_TRAIN.ts", found)


def test_ts_of_unequal_length_without_a_step(write_ts: Write) -> None:
    spec = DataSpec(source=TsSource(path=str(write_ts((9, 12) * 6))))
    refuse(spec, "Toy_TRAIN.ts", "9 to 12 samples")
    with pytest.raises(DataError, match="9 to 12 samples"):
        input_of(spec)


def test_ts_steps_that_do_not_fit(write_ts: Write) -> None:
    source = TsSource(path=str(write_ts((9, 12) * 6)))
    refuse(DataSpec(source=source, length=LengthSpec(to=10, method="pad")), "Toy_TRAIN.ts", "a series of 12")
    refuse(DataSpec(source=source, length=LengthSpec(to=10, method="crop")), "Toy_TRAIN.ts", "a series of 9")


def mat(folder: Path, **changes: object) -> DataSpec:
    return DataSpec(source=MatSource(path=str(folder), **changes), split=SplitSpec(test=0.2, validation=0.25))


def test_mat_mistakes(write_mat: Write) -> None:
    from scipy.io import savemat

    folder, odd = write_mat(), "ID-101_CLASS-02_Window-0002.mat"
    refuse(mat(folder, key="x"), "ID-101_CLASS-01_Window-0001.mat", "xw")
    refuse(mat(folder, layout="1 t c"), "ID-101_CLASS-01_Window-0001.mat", "set layout to")
    savemat(folder / odd, {"xw": waves(1, 2, 20)[0].T})
    refuse(mat(folder), odd, "2, but 3")
    savemat(folder / odd, {"xw": waves(1, 3, 17)[0].T})
    refuse(mat(folder), folder.name, "17 to 20 samples")
    savemat(folder / odd, {"xw": np.full((20, 3), np.nan)})
    refuse(mat(folder), odd, "NaN")
    savemat(folder / odd, {"xw": "words"})
    refuse(mat(folder), odd, "<U5")
    savemat(folder / odd, {"xw": {"a": 1}})
    refuse(mat(folder), odd, "real numbers")
    (folder / odd).rename(folder / "means.mat")
    refuse(mat(folder), "means.mat", "rename")


def _mangled(content: bytes, draw: random.Random) -> bytes:
    """Truncated, overwritten in places, or noise."""
    kind = draw.randrange(3)
    if kind == 0:
        return content[: draw.randrange(len(content))]
    if kind == 1:
        broken = bytearray(content)
        for _ in range(draw.randrange(1, 30)):
            broken[draw.randrange(min(len(broken), 400))] = draw.randrange(256)
        return bytes(broken)
    return draw.randbytes(draw.randrange(300))


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("npy", "X_train.npy"),
        ("npy", "y_train.npy"),
        ("npy", "subject_train.npy"),
        ("ts", "Toy_TRAIN.ts"),
        ("ts", "Toy_TEST.ts"),
        ("mat", "ID-103_CLASS-02_Window-0001.mat"),
    ],
)
def test_damaged_files_give_one_line_or_data(
    write_npy: Write, write_ts: Write, write_mat: Write, kind: str, file: str
) -> None:
    folder = {"npy": write_npy, "ts": write_ts, "mat": write_mat}[kind]()
    specs = {
        "npy": DataSpec(source=NpySource(path=str(folder), layout="c t", subject="subject"), missing="mask"),
        "ts": DataSpec(source=TsSource(path=str(folder)), split=SplitSpec(validation=0.25), missing="mask"),
        "mat": mat(folder),
    }
    path = folder / file
    content = path.read_bytes()
    refusals: list[DataError] = []
    for seed in range(60):
        path.write_bytes(_mangled(content, random.Random(seed)))
        for ask in (input_of, prepare):
            try:
                ask(specs[kind])
            except DataError as error:
                refusals.append(error)
    assert len(refusals) > 30
    assert all("\n" not in str(error) and error.hint and str(folder) in error.where for error in refusals)
