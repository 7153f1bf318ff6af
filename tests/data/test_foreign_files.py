"""Files as written by other programs are read, or refused in a line that says what to do."""

import os
from pathlib import Path

import numpy as np
import pytest
from toy_sets import Write
from zoo_data import MatSource, NpySource, TsSource
from zoo_registry import DataError, Registry, SpecError
from zoo_registry.data import DataSpec, SplitSpec

from zoo.data import input_of, prepare
from zoo.data.sources import read
from zoo.sources.labels import class_names, index_labels
from zoo.specs.places import recognise, shorthand
from zoo.specs.read import read_data

NAMES = ("café", "run", "1")
REGISTRY = Registry.discover()


@pytest.mark.parametrize(
    "content",
    [
        "café\nrun\n1".encode(),
        "\ufeffcafé\r\n\r\nrun\r\n1\r\n\r\n".encode(),
        "café\rrun \r1.0\r".encode("utf-16"),
        "cafe\u0301\nrun\n1.00\n".encode(),
    ],
    ids=["plain", "mark", "utf-16", "decomposed"],
)
def test_a_list_of_names_does_not_depend_on_how_an_editor_saved_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "names.txt").write_bytes(content)
    assert class_names(tmp_path, "names.txt") == NAMES
    labels = np.array(["1.0", "cafe\u0301", "\ufeffrun ", "1"])
    (found,), _ = index_labels([labels], NAMES, "y")
    assert found.tolist() == [2, 0, 1, 2]


def test_names_stored_as_bytes_are_utf_8() -> None:
    (found,), classes = index_labels([np.array(["sit", "café"])], None, "y")
    (same,), _ = index_labels([np.array([b"sit", "café".encode()])], None, "y")
    assert (classes, found.tolist()) == (("café", "sit"), same.tolist())


def test_splits_with_two_number_formats_have_the_same_classes() -> None:
    (train, test), classes = index_labels([np.array(["1", "2", "10"]), np.array(["10.0", "1.0"])], None, "y")
    assert classes == ("1", "10", "2")
    assert (train.tolist(), test.tolist()) == ([0, 2, 1], [1, 0])


@pytest.mark.parametrize(
    "labels",
    [
        np.array([0, np.nan, 1, np.nan]),
        np.array(["walk", "nan", "run", "NaN"]),
        np.array(["a", "", "b", " "]),
        np.array(["a", "<NA>", "b", "NaT"]),
    ],
)
def test_windows_without_a_label_are_counted(labels: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"NaN or nothing for 2 of 4, first for window 1; leave such windows out"):
        index_labels([labels], None, "y")


def test_invisible_characters_of_a_name_are_escaped_everywhere(tmp_path: Path) -> None:
    raw, shown = ("walk\x1b[2J", "a\u202eb", "\x01\ufffe"), (r"walk\x1b[2J", r"a\u202eb", r"\x01\ufffe")
    (tmp_path / "names.txt").write_text("\n".join(raw), encoding="utf-8")
    assert class_names(tmp_path, "names.txt") == shown
    (found,), classes = index_labels([np.array(raw)], None, "y")
    assert sorted(classes) == sorted(shown)
    assert [classes[label] for label in found] == list(shown)
    (found,), _ = index_labels([np.array(raw)], shown, "y")
    assert found.tolist() == [0, 1, 2]


def test_a_header_of_a_ts_file_keeps_no_escape_sequences(write_ts: Write) -> None:
    folder = write_ts()
    for path in folder.glob("*.ts"):
        path.write_text(path.read_text().replace("RUN", "R\x1b[2JN"))
    found = read(TsSource(path=str(folder)))
    assert found.classes == ("Walk", r"R\x1b[2JN", "sit")
    assert set(found.train.y.tolist()) == {0, 1, 2}


def test_unpaired_surrogates_are_refused() -> None:
    with pytest.raises(DataError, match="names in Unicode"):
        index_labels([np.array(["a", "\ud800"])], None, "y")


@pytest.mark.parametrize("name", ["X_train", "y_test", "subject_train"])
def test_python_objects_are_refused_with_a_command_to_type(write_npy: Write, name: str) -> None:
    folder = write_npy()
    np.save(folder / f"{name}.npy", np.array(["a", "b"] * 12, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=rf"{name}.*Python objects.*astype\(str\)"):
        prepare(DataSpec(source=NpySource(path=str(folder), layout="c t", subject="subject")))


@pytest.mark.parametrize("keep", [0, 200, -1])
def test_only_truncated_files_are_called_cut_short(write_npy: Write, keep: int) -> None:
    folder = write_npy()
    spec = DataSpec(source=NpySource(path=str(folder), layout="c t"))
    path = folder / "X_train.npy"
    content = path.read_bytes()
    path.write_bytes(content[:keep])
    with pytest.raises(DataError, match="the file is cut short"):
        prepare(spec)
    path.write_bytes(b"time,x\n" + content)
    with pytest.raises(DataError, match="write it again") as caught:
        prepare(spec)
    assert "cut short" not in str(caught.value)


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_matlab_file_is_called_cut_short(write_mat: Write, keep: float) -> None:
    folder = write_mat()
    path = min(folder.glob("*.mat"))
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(DataError, match="the file is cut short"):
        prepare(DataSpec(source=MatSource(path=str(folder)), split=SplitSpec(test=0.2)))


def test_hidden_files_of_another_system_are_ignored(write_npy: Write, write_mat: Write, tmp_path: Path) -> None:
    folder = write_mat()
    spec = DataSpec(source=MatSource(path=str(folder)), split=SplitSpec(test=0.2, validation=0.25))
    before = prepare(spec).fingerprint
    (folder / "._ID-101_CLASS-01_Window-0001.mat").write_bytes(b"\0\5\x16\7")
    assert prepare(spec).fingerprint == before
    assert recognise(folder, REGISTRY)["source"]["kind"] == "data.mat"
    (folder / "._Toy_TRAIN.ts").write_bytes(b"\0\5\x16\7")
    assert recognise(folder, REGISTRY)["source"]["kind"] == "data.mat"


def test_bom_comments_and_blank_lines_do_not_change_a_ts_file(write_ts: Write) -> None:
    folder = write_ts()
    spec = DataSpec(source=TsSource(path=str(folder)), split=SplitSpec(validation=0.25))
    before, extent = prepare(spec), input_of(spec)
    (folder / "._Toy_TRAIN.ts").write_bytes(b"\0\5\x16\7")
    for path in folder.glob("Toy_*.ts"):
        head, data = path.read_text().split("@data\n")
        first, *rest = data.splitlines()
        lines = [f"\ufeff# from a watch\n{head}@data", "", "# the first", first, "", "% the rest", *rest, "", " ", ""]
        path.write_bytes("\r\n".join(lines).encode())
    after = prepare(spec)
    assert input_of(spec) == extent
    assert (after.fingerprint, after.classes) == (before.fingerprint, before.classes)


def test_ts_labels_may_be_written_as_decimals(write_ts: Write) -> None:
    folder = write_ts()
    spec = DataSpec(source=TsSource(path=str(folder)), split=SplitSpec(validation=0.25))
    expected = prepare(spec).train.y
    for path in folder.glob("Toy_*.ts"):
        text = path.read_text().replace("true Walk RUN sit", "true 1 2 3.0")
        path.write_text(text.replace(":Walk", ":1.0").replace(":RUN", ":2.00").replace(":sit", ":3"))
    found = prepare(spec)
    assert found.classes == ("1", "2", "3.0")
    assert found.train.y.tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["../names.txt", "/etc/hostname", "a/../../b"])
def test_a_list_of_names_must_lie_in_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="leads out of it"):
        class_names(tmp_path, name)


def test_a_list_of_names_must_be_small(tmp_path: Path) -> None:
    with (tmp_path / "names.txt").open("wb") as file:
        file.truncate(3 * 2**30)
    with pytest.raises(DataError, match="more than 4 MiB"):
        class_names(tmp_path, "names.txt")


@pytest.mark.skipif(os.name != "posix", reason="named pipes are made in another way here")
@pytest.mark.parametrize("name", ["X_train.npy", "y_test.npy", "classes.txt"])
def test_a_pipe_is_refused_before_it_is_opened(write_npy: Write, name: str) -> None:
    folder = write_npy()
    (folder / "classes.txt").write_text("a\nb\nc\n")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(DataError, match=rf"{name}: .*a pipe or a device"):
        prepare(DataSpec(source=NpySource(path=str(folder), layout="c t", classes="classes.txt")))


@pytest.mark.parametrize("name", ["walk.parquet", "walk.XLSX", "walk.npz"])
def test_files_that_no_source_reads_are_refused_with_the_next_step(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("time,x,y,z\n")
    suffix = Path(name).suffix
    for place in (tmp_path / name, tmp_path):
        with pytest.raises(SpecError) as caught:
            read_data(place, REGISTRY)
        assert suffix.lower() in str(caught.value).lower()
        assert "`zoo list source` shows what can be read" in caught.value.hint
    with pytest.raises(DataError, match="save windows"):
        recognise(tmp_path, REGISTRY)
    with pytest.raises(SpecError, match="a kind among aeon, csv, mat, mix, npy, ts, found"):
        shorthand(f"{suffix[1:]}:{tmp_path}", REGISTRY)


def test_a_path_that_looks_like_a_format_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrist:data.json").touch()
    assert shorthand("wrist:data.json", REGISTRY) is None
    assert shorthand("C:data.json", REGISTRY) is None
