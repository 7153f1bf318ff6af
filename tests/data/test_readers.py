"""Each format returns what was written, and ``input_of`` predicts what ``prepare`` finds."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from toy_sets import Write, waves
from zoo_data import BundledSource, MatSource, NpySource, TsSource
from zoo_registry import DataError, ZooNote
from zoo_registry.data import DataSpec, LengthSpec, SplitSpec

from zoo.data import input_of, prepare
from zoo.data.sources import read
from zoo.sources.labels import index_labels
from zoo.sources.layout import lay_out

BUNDLED = {
    "basic_motions": (6, 100, 4),
    "arrow_head": (1, 251, 3),
    "gunpoint": (1, 150, 2),
    "italy_power_demand": (1, 24, 2),
    "japanese_vowels": (12, 29, 9),
}


@pytest.mark.parametrize("name", BUNDLED)
def test_packaged_sets_equal_those_of_aeons_own_loaders(name: str) -> None:
    import aeon.datasets

    raw = read(BundledSource(name=name))
    assert raw.test is not None
    for split, part in ((raw.train, "train"), (raw.test, "test")):
        x, y = getattr(aeon.datasets, f"load_{name}")(split=part)
        assert len(x) == len(split)
        for ours, theirs in zip(split.x, x, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert [raw.classes[label].lower() for label in split.y] == list(y)


@pytest.mark.parametrize(("name", "sizes"), BUNDLED.items())
def test_the_input_of_packaged_sets(name: str, sizes: tuple[int, int, int]) -> None:
    step = LengthSpec(to=29, method="pad") if name == "japanese_vowels" else None
    spec = DataSpec(source=BundledSource(name=name), length=step)
    found = input_of(spec)
    assert (found.channels, found.length, found.classes) == sizes
    assert prepare(spec).input == found


def test_class_names_keep_the_case_and_order_of_the_file(write_ts: Write) -> None:
    raw = read(TsSource(path=str(write_ts())))
    assert raw.classes == ("Walk", "RUN", "sit")
    np.testing.assert_array_equal(raw.train.y, np.arange(12) % 3)
    np.testing.assert_allclose(raw.train.x[5], waves(1, 2, 12, seed=5)[0], atol=1e-6)


def test_ts_series_of_unequal_length_are_brought_to_one_length(write_ts: Write) -> None:
    lengths = (12, 9, 15, 12, 8, 10, 11, 12, 12, 9, 9, 15)
    path = str(write_ts(lengths))
    spec = DataSpec(
        source=TsSource(path=path), split=SplitSpec(validation=0.25), length=LengthSpec(to=16, method="pad")
    )
    data = prepare(spec)
    assert data.input == input_of(spec)
    for split, rows in ((data.train, data.train.rows), (data.test, np.arange(12))):
        x, mask = split.read(slice(None))
        assert mask is not None
        for position, row in enumerate(rows):
            np.testing.assert_array_equal(mask[position].sum(-1), lengths[row])
            written = waves(1, 2, lengths[row], seed=row)[0]
            np.testing.assert_allclose(x[position, :, : lengths[row]], written, atol=1e-5)
            assert not x[position, :, lengths[row] :].any()


def test_ts_gaps_become_a_mask_where_declared(write_ts: Write) -> None:
    source = TsSource(path=str(write_ts(gap=True)))
    with pytest.raises(DataError, match=r'NaN.*"missing": "mask"'):
        prepare(DataSpec(source=source, split=SplitSpec(validation=0.25)))
    data = prepare(DataSpec(source=source, split=SplitSpec(validation=0.25), missing="mask"))
    x, mask = data.test.read(slice(None))
    assert mask is not None
    assert np.argwhere(~mask).tolist() == [[3, 1, 2]]
    assert np.isfinite(x).all()


def test_a_ts_folder_without_test_file_needs_a_share(write_ts: Write) -> None:
    source = TsSource(path=str(write_ts(splits=("TRAIN",))))
    with pytest.raises(DataError, match=r"a test split.*split"):
        prepare(DataSpec(source=source, split=SplitSpec(validation=0.3)))
    data = prepare(DataSpec(source=source, split=SplitSpec(test=0.25, validation=0.4)))
    assert sorted([*data.train.rows, *data.validation.rows, *data.test.rows]) == list(range(12))


def test_of_several_files_the_one_named_like_its_folder_is_used(write_ts: Write, tmp_path: Path) -> None:
    write_ts()
    folder = tmp_path / "Toy"
    folder.mkdir()
    for split in ("TRAIN", "TEST"):
        (tmp_path / f"Toy_{split}.ts").rename(folder / f"Toy_{split}.ts")
        (folder / f"Toy_eq_{split}.ts").write_text("not read")
    assert len(read(TsSource(path=str(folder))).train) == 12
    (folder / "Toy_TRAIN.ts").rename(folder / "Other_TRAIN.ts")
    with pytest.raises(DataError, match=r"one file \*_TRAIN\.ts"):
        read(TsSource(path=str(folder)))


@pytest.mark.parametrize("layout", ["c t", "t c", "1 t c"])
def test_npy_windows_of_every_layout_are_equal_and_stay_on_disk(write_npy: Write, layout: str) -> None:
    stored = {"c t": lambda x: x, "t c": lambda x: x.swapaxes(1, 2), "1 t c": lambda x: x.swapaxes(1, 2)[:, None]}
    windows = {f"X_{name}": stored[layout](waves(n, 3, 20, seed=n)) for name, n in (("train", 24), ("test", 12))}
    spec = DataSpec(source=NpySource(path=str(write_npy(**windows)), layout=layout))
    data = prepare(spec)
    assert data.input == input_of(spec)
    np.testing.assert_array_equal(data.test.read(slice(None)).x, waves(12, 3, 20, seed=12))
    assert not data.train.source.flags.owndata
    assert _mapped(data.train.source)


def _mapped(x: np.ndarray | None) -> bool:
    while x is not None and not isinstance(x, np.memmap):
        x = x.base
    return x is not None


def test_npy_float16_is_converted_on_reading(write_npy: Write) -> None:
    half = waves(24, 3, 20).astype(np.float16)
    data = prepare(DataSpec(source=NpySource(path=str(write_npy(X_train=half)), layout="c t")))
    x = data.train.read(np.array([3, 1])).x
    assert data.train.source.dtype == np.float16
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, half[data.train.rows[[3, 1]]].astype(np.float32))


@pytest.mark.parametrize(("column", "by"), [("trial", "group"), ("subject", "subject")])
def test_npy_columns_keep_their_windows_together(write_npy: Write, column: str, by: str) -> None:
    source = NpySource(path=str(write_npy()), layout="c t", **{by: column})
    data = prepare(DataSpec(source=source))
    sides = [getattr(split, by) for split in (data.train, data.validation)]
    assert not set(sides[0]) & set(sides[1])


def test_shared_subjects_are_named(write_npy: Write) -> None:
    folder = str(write_npy())
    source = NpySource(path=folder, layout="c t", subject="subject")
    assert prepare(DataSpec(source=source)).shared_subjects == ("ann", "bob")
    assert prepare(DataSpec(source=NpySource(path=folder, layout="c t"))).shared_subjects is None
    np.save(Path(folder) / "subject_test.npy", np.array(["cleo"] * 12))
    assert prepare(DataSpec(source=source)).shared_subjects == ()


@pytest.mark.parametrize("layout", ["t c", "c t", "1 t c"])
def test_matlab_windows_are_split_by_subject(write_mat: Write, layout: str) -> None:
    folder = write_mat(layout=layout)
    spec = DataSpec(source=MatSource(path=str(folder), layout=layout), split=SplitSpec(test=0.2, validation=0.25))
    data = prepare(spec)
    assert data.input == input_of(spec)
    assert data.classes == ("1", "2", "4")
    assert data.shared_subjects == ()
    people = [set(split.subject) for split in (data.train, data.validation, data.test)]
    assert [len(names) for names in people] == [3, 1, 1]
    assert set.union(*people) == {"101", "102", "103", "104", "105"}
    x = np.concatenate([split.read(slice(None)).x for split in (data.train, data.validation, data.test)])
    rows = np.concatenate([split.rows for split in (data.train, data.validation, data.test)])
    np.testing.assert_array_equal(x[np.argsort(rows)], waves(30, 3, 20))


def test_matlab_labels_count_class_names_from_one(write_mat: Write) -> None:
    folder = write_mat()
    (folder / "names.txt").write_text("walk\nrun\nsit\nstand\n")
    raw = read(MatSource(path=str(folder), classes="names.txt"))
    assert raw.classes == ("walk", "run", "sit", "stand")
    assert set(raw.train.y) == {0, 1, 3}


def test_a_matlab_folder_needs_a_share_for_test(write_mat: Write) -> None:
    with pytest.raises(DataError, match=r"a test split.*\"test\": 0\.25"):
        prepare(DataSpec(source=MatSource(path=str(write_mat()))))


@pytest.mark.parametrize(
    ("labels", "names", "indices", "classes"),
    [
        ([3, 1, 3], None, [1, 0, 1], ("1", "3")),
        ([0, 2], ("a", "b", "c"), [0, 2], ("a", "b", "c")),
        ([1, 3], ("a", "b", "c"), [0, 2], ("a", "b", "c")),
        ([1.0, 0.0], None, [1, 0], ("0", "1")),
        (["b", "a"], None, [1, 0], ("a", "b")),
        (["b", "a"], ("b", "a"), [0, 1], ("b", "a")),
    ],
)
def test_labels_become_indices(
    labels: list[object], names: tuple[str, ...] | None, indices: list[int], classes: tuple[str, ...]
) -> None:
    (found,), known = index_labels([np.array(labels)], names, "y")
    assert (list(found), known) == (indices, classes)


@pytest.mark.parametrize(
    ("labels", "names"),
    [([1, 2], ("a", "b", "c")), ([0, 3], ("a", "b", "c")), ([-1, 0], ("a", "b")), (["d"], ("a",)), ([0.5, 1], None)],
)
def test_ambiguous_labels_are_refused(labels: list[object], names: tuple[str, ...] | None) -> None:
    with pytest.raises(DataError) as caught:
        index_labels([np.array(labels)], names, "y")
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_many_channels_are_not_taken_for_swapped_axes() -> None:
    steps = np.random.default_rng(0).normal(size=(8, 60, 24)).cumsum(-1) * 0.05
    many = steps + 10 * np.random.default_rng(1).normal(size=(60, 1))
    np.testing.assert_array_equal(lay_out(many, "c t", "X"), many)


def test_a_declared_layout_is_used_and_one_that_looks_swapped_is_noted(write_npy: Write, write_mat: Write) -> None:
    swapped = {name: waves(n, 3, 20, seed=n).swapaxes(1, 2) for name, n in (("X_train", 24), ("X_test", 12))}
    spec = DataSpec(source=NpySource(path=str(write_npy(**swapped)), layout="c t"))
    with pytest.warns(
        ZooNote, match=r"X_train\.npy: 20 channels of 3 samples, as data\.source\.layout has it"
    ) as noted:
        assert prepare(spec).train.shape[1:] == (20, 3)
    assert len(noted) == 1
    wide = DataSpec(source=NpySource(path=str(write_npy(X_train=waves(24, 60, 20).swapaxes(1, 2))), layout="c t"))
    with pytest.warns(ZooNote, match="20 channels of 60 samples"):
        read(wide.source)
    cut = SplitSpec(test=0.2, validation=0.25)
    with pytest.warns(ZooNote, match=r"Window-0001\.mat: 20 channels of 3 samples") as noted:
        prepare(DataSpec(source=MatSource(path=str(write_mat()), layout="c t"), split=cut))
    assert len(noted) == 1


@pytest.mark.parametrize("layout", ["c t", "t c"])
def test_windows_like_noise_are_read_as_declared_without_a_note(write_npy: Write, layout: str) -> None:
    rng = np.random.default_rng(0)
    noise = {f"X_{split}": rng.normal(size=(n, 16, 8)) for split, n in (("train", 24), ("test", 12))}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ZooNote)
        data = prepare(DataSpec(source=NpySource(path=str(write_npy(**noise)), layout=layout)))
    assert data.train.shape[1:] == ((16, 8) if layout == "c t" else (8, 16))


def test_reading_the_input_imports_neither_torch_nor_aeons_loaders(write_npy: Write, write_mat: Write) -> None:
    write_mat()
    code = f"""
import sys
from zoo_data import BundledSource, MatSource, NpySource
from zoo_registry.data import DataSpec
from zoo.data import input_of
input_of(DataSpec(source=BundledSource()))
input_of(DataSpec(source=NpySource(path={str(write_npy())!r}, layout="c t")))
input_of(DataSpec(source=MatSource(path={str(write_mat())!r})))
assert not {{"torch", "lightning", "sklearn", "aeon.datasets"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "sizes", "first"),
    [
        ("Epilepsy", (3, 206, 4), "EPILEPSY"),
        ("ERing", (4, 65, 6), "1"),
        ("Libras", (2, 45, 15), "1"),
        ("AtrialFibrillation", (2, 640, 3), "1"),
    ],
)
def test_real_uea_sets(shared: Path, name: str, sizes: tuple[int, int, int], first: str) -> None:
    spec = DataSpec(source=TsSource(path=str(shared / "uea" / name)))
    data = prepare(spec)
    assert data.input == input_of(spec)
    assert (data.input.channels, data.input.length, data.input.classes) == sizes
    assert data.classes[0] == first
    assert set(data.train.y) == set(data.validation.y) == set(range(sizes[2]))


def test_real_wrist_recordings(shared: Path) -> None:
    source = NpySource(
        path=str(shared / "wrist_adl14"),
        layout="c t",
        test="val",
        subject="subject",
        group="trial",
        classes="classes.txt",
    )
    data = prepare(DataSpec(source=source))
    assert data.input == input_of(DataSpec(source=source))
    assert len(data.train) + len(data.validation) == 2569
    assert data.test.shape == (886, 3, 500)
    assert not set(data.train.group) & set(data.validation.group)
    assert set(data.validation.y) == set(range(14))
    assert data.shared_subjects is not None
    assert len(data.shared_subjects) == 16
    assert data.classes[13] == "Walk"
    x = np.load(shared / "wrist_adl14" / "X_train.npy")[data.train.rows].astype(np.float64)
    np.testing.assert_allclose(data.mean, x.mean((0, 2)), rtol=1e-9)
    np.testing.assert_allclose(data.std, x.std((0, 2)), rtol=1e-9)
