"""Every installed source keeps its contract, on small data sets in its format."""

from pathlib import Path

import numpy as np
import pytest
from zoo_data import BundledSource, CsvSource, MatSource, MixSource, NpySource, TsSource
from zoo_registry import Registry, SourceSpec, ZooError

from zoo.data.sources import peek
from zoo.sources import RawSet
from zoo.testing import check_component

CLASSES = ("run", "sit", "walk")


def waves(n: int, length: int = 20) -> np.ndarray:
    """Windows `(n 2 t)` of random waves, one sample of them missing."""
    draw = np.random.default_rng(n)
    x = np.sin(draw.uniform(1, 9, (n, 2, 1)) * np.linspace(0, 1, length) + draw.uniform(0, 6, (n, 2, 1)))
    x[3, 1, 4] = np.nan
    return x


def npy(folder: Path) -> SourceSpec:
    for split, n in (("train", 24), ("test", 12)):
        np.save(folder / f"X_{split}.npy", waves(n))
        np.save(folder / f"y_{split}.npy", np.array(CLASSES)[np.arange(n) % 3])
        np.save(folder / f"subject_{split}.npy", np.arange(n) // 3)
    return NpySource(path=str(folder), layout="c t", subject="subject")


def ts(folder: Path) -> SourceSpec:
    header = "@problemName T\n@timeStamps false\n@missing true\n@univariate false\n@dimensions 2\n@equalLength true\n"
    for split, n in (("TRAIN", 24), ("TEST", 12)):
        rows = [
            ":".join(",".join(map(str, channel)) for channel in x) + f":{CLASSES[i % 3]}"
            for i, x in enumerate(waves(n))
        ]
        text = header + "@classLabel true run sit walk\n@data\n" + "\n".join(rows) + "\n"
        (folder / f"T_{split}.ts").write_text(text.replace("nan", "?"))
    return TsSource(path=str(folder))


def mat(folder: Path) -> SourceSpec:
    from scipy.io import savemat

    for i, x in enumerate(waves(48)):
        savemat(folder / f"ID-{i // 6}_CLASS-{i % 3:02d}_Window-{i:04d}.mat", {"xw": x.T})
    return MatSource(path=str(folder))


def csv(folder: Path) -> SourceSpec:
    for name, n in (("train", 24), ("test", 12)):
        lines = ["window,t,x,y,label,who"]
        for i, window in enumerate(waves(n)):
            lines += [f"{i},{t},{x},{y},{CLASSES[i % 3]},p{i // 3}" for t, (x, y) in enumerate(window.T[: 20 - i % 2])]
        (folder / f"{name}.csv").write_text("\n".join(lines).replace("nan", "") + "\n")
    path = str(folder / "train.csv")
    return CsvSource(path=path, channels=("x", "y"), window="window", time="t", subject="who", test="test.csv")


def mix(folder: Path) -> SourceSpec:
    (folder / "table").mkdir()
    for write in (npy, ts, mat):
        place = folder / "sets" / write.__name__
        place.mkdir(parents=True)
        write(place)
    return MixSource(path=str(folder / "sets"), sources=(csv(folder / "table"), BundledSource()), length=30)


SETS = {
    "data.aeon": lambda _: BundledSource(),
    "data.csv": csv,
    "data.mat": mat,
    "data.mix": mix,
    "data.npy": npy,
    "data.ts": ts,
}


@pytest.mark.parametrize("kind", Registry.discover().kinds("source"))
def test_source_keeps_its_contract(kind: str, tmp_path: Path) -> None:
    check_component(SETS[kind](tmp_path))


def test_a_peek_that_differs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = csv(tmp_path)
    honest = peek(source)
    for wrong in (honest._replace(channels=3), honest._replace(longest=99), honest._replace(classes=("a", "b"))):
        monkeypatch.setattr(CsvSource, "peek", lambda _, wrong=wrong: wrong)
        with pytest.raises(AssertionError, match="peeks"):
            check_component(source)


def test_values_that_change_and_labels_out_of_range_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, read, draw = csv(tmp_path), CsvSource.read, np.random.default_rng(0)

    def noisy(spec: CsvSource) -> RawSet:
        raw = read(spec)
        for series in raw.train.x:
            series += draw.normal(size=series.shape)
        return raw

    def unnumbered(spec: CsvSource) -> RawSet:
        raw = read(spec)
        raw.train.y[5] = 3
        return raw

    for wrong, words in ((noisy, "when read again: other values"), (unnumbered, "class 3 of 3")):
        monkeypatch.setattr(CsvSource, "read", wrong)
        with pytest.raises(AssertionError, match=words):
            check_component(source)


def test_invented_data_and_content_that_depends_on_the_place_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, read = csv(tmp_path), CsvSource.read

    def inventive(spec: CsvSource) -> RawSet:
        return read(spec if Path(spec.path).exists() else source)

    def attached(spec: CsvSource) -> RawSet:
        raw = read(spec)
        raw.train.x[0][0, 0] += len(spec.path)
        return raw

    for wrong, words in ((inventive, "gives something where there is nothing"), (attached, "after a move: other")):
        monkeypatch.setattr(CsvSource, "read", wrong)
        monkeypatch.setattr(CsvSource, "peek", SourceSpec.peek)
        with pytest.raises(AssertionError, match=words):
            check_component(source)


def test_a_source_that_returns_something_else_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = csv(tmp_path)
    monkeypatch.setattr(CsvSource, "peek", lambda _: (2, 20))
    with pytest.raises(ZooError, match=r"data\.csv\.peek: expected a zoo\.sources\.Extent, found tuple; repair"):
        peek(source)
