"""Tables as text: long and wide tables hold the same windows, and a mistake is one line with its line number."""

import codecs
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from zoo_data import CsvSource
from zoo_registry import Registry, ZooError
from zoo_registry.data import DataSpec, LengthSpec, SplitSpec

from zoo.data import prepare
from zoo.data.sources import peek, read
from zoo.specs.read import read_data

REGISTRY = Registry.discover()
CHANNELS = ("x", "y")
WINDOWS = np.random.default_rng(0).normal(size=(8, 2, 5)).astype(np.float32)
LABELS = ["10", "2", "2", "10", "2", "10", "10", "2"]


def long_table(windows: np.ndarray = WINDOWS, labels: list[str] = LABELS) -> pd.DataFrame:
    """A row per sample."""
    rows = [
        {"window": n, "time": t, "x": x[0, t], "y": x[1, t], "label": labels[n], "subject": f"p{n // 2}"}
        for n, x in enumerate(windows)
        for t in range(x.shape[1])
    ]
    return pd.DataFrame(rows)


def wide_table() -> pd.DataFrame:
    """A row per window; columns are not in the order of the samples."""
    columns = {f"{name}_{t}": WINDOWS[:, c, t] for t in reversed(range(5)) for c, name in enumerate(CHANNELS)}
    return pd.DataFrame({"label": LABELS, **columns, "subject": [f"p{n // 2}" for n in range(8)]})


def long_source(path: Path, **fields: Any) -> CsvSource:
    given = {"channels": CHANNELS, "window": "window", "time": "time", "subject": "subject", **fields}
    return CsvSource(path=str(path), **given)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_long_and_wide_tables_hold_the_same_windows(path: Path) -> None:
    long_table().to_csv(path, index=False)
    long = read(long_source(path))
    wide_table().to_csv(path, index=False)
    wide = read(CsvSource(path=str(path), channels=CHANNELS, subject="subject"))
    for raw in (long, wide):
        np.testing.assert_array_equal(raw.train.x, WINDOWS)
        assert raw.classes == ("2", "10")  # numbers in their order
        assert [raw.classes[y] for y in raw.train.y] == LABELS
        assert raw.train.subject is not None
        assert raw.train.subject.tolist() == [f"p{n // 2}" for n in range(8)]
        assert raw.sensor.channel_names == CHANNELS


@pytest.mark.parametrize(
    ("names", "channel"),
    [("x0 x1 x2", "x"), ("x.1 x.2 x.3", "x"), ("x[0] x[1] x[2]", "x"), ("0 1 2", ""), ("a1_0 a1_1 a1_2", "a1")],
)
def test_samples_of_a_wide_table_are_found_by_their_number(path: Path, names: str, channel: str) -> None:
    path.write_text(",".join([*names.split(), "label"]) + "\n1,2,3,a\n4,5,6,b\n")
    raw = read(CsvSource(path=str(path), channels=(channel,)))
    np.testing.assert_array_equal(raw.train.x, [[[1, 2, 3]], [[4, 5, 6]]])
    assert read_data(f"csv:{path}", REGISTRY).source.channels == (channel,)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", ","), ("\t", "."), ("|", ".")])
def test_a_table_is_read_as_other_programs_write_it(path: Path, encoding: str, delimiter: str, decimal: str) -> None:
    table = long_table(labels=["gehen", "über"] * 4)
    text = table.to_csv(index=False, sep=delimiter, decimal=decimal, lineterminator="\r\n")
    path.write_bytes(text.replace("\r\n", "\r\n\r\n").encode(encoding))
    raw = read(long_source(path, decimal="comma" if decimal == "," else "point"))
    np.testing.assert_array_equal(raw.train.x, WINDOWS)
    assert raw.classes == ("gehen", "über")


def test_windows_of_unequal_length_and_missing_values_are_masked(path: Path) -> None:
    windows = [x[:, : 5 - n % 2] for n, x in enumerate(WINDOWS)]
    table = long_table(windows)  # type: ignore[arg-type]
    table.loc[2, "y"] = np.nan
    for spelling in ("", "NA", "nan"):
        table.to_csv(path, index=False, na_rep=spelling)
        step = LengthSpec(to=5, method="pad")
        cut = SplitSpec(test=0.25, validation=0.3)
        spec = DataSpec(source=long_source(path), split=cut, length=step, missing="mask")
        data = prepare(spec)
        masks = [split.read(slice(None)).mask for split in (data.train, data.validation, data.test)]
        assert sum(int((~mask).sum()) for mask in masks if mask is not None) == 4 * 2 + 1
    with pytest.raises(ZooError, match="series of one length, found 4 to 5 samples"):
        prepare(DataSpec(source=long_source(path), split=cut, missing="mask"))
    with pytest.raises(ZooError, match=r"table\.csv, line 2: expected observed values, found NaN"):
        prepare(DataSpec(source=long_source(path), split=cut, length=step))


def test_window_names_may_start_again_with_each_subject_or_group(path: Path) -> None:
    table = long_table()
    table["window"] %= 2
    table.to_csv(path, index=False)
    np.testing.assert_array_equal(read(long_source(path)).train.x, WINDOWS)
    with pytest.raises(ZooError, match=r"line 12: .*found window '0' again, after line 2; .* data\.source\.subject"):
        read(long_source(path, subject=None))


@pytest.mark.parametrize("start", ["2024-03-31T01:59:59.98", "2024-03-31 01:59:59.98+01:00"])
def test_dates_are_time_stamps(path: Path, start: str) -> None:
    table = long_table()
    dates = pd.to_datetime(start) + pd.to_timedelta(table["time"] * 10, unit="ms")
    table.assign(time=dates.map(lambda date: date.isoformat())).to_csv(path, index=False)
    np.testing.assert_array_equal(read(long_source(path)).train.x, WINDOWS)


def test_test_windows_are_in_a_second_file(path: Path) -> None:
    long_table().to_csv(path, index=False)
    long_table(WINDOWS[:4] + 1, LABELS[:4]).to_csv(path.with_name("held_out.csv"), index=False)
    raw = read(long_source(path, test="held_out.csv"))
    assert raw.test is not None
    np.testing.assert_array_equal(raw.test.x, WINDOWS[:4] + 1)
    with pytest.raises(ZooError, match=r"data\.source\.test: expected windows that are not also in training"):
        long_source(path, test="table.csv")


MISTAKES: dict[str, tuple[tuple[str, str], str]] = {
    "no number": (("0,2,0.3,", "0,2,much,"), "line 4, column x: expected a number, found 'much'"),
    "decimal comma": (("0,2,0.3,", '0,2,"0,3",'), "line 4, column x: .*data.source.decimal to comma"),
    "label changes": (("0.3,0.4,a", "0.3,0.4,b"), "line 4: expected the label 'a', as where .* in line 2, found 'b'"),
    "no label": (("0.3,0.4,a", "0.3,0.4,"), "line 4, column label: expected a label for every window"),
    "too few cells": (("0.3,0.4,a", "0.3,a"), "line 4: expected 5 cells, as the header has, found 4"),
    "too many cells": (("0.3,0.4,a", "0.3,0.4,a,"), "line 4: expected 5 cells, as the header has, found 6"),
    "double row": (("0,2,", "0,1,"), "line 4, column time: .*found '1' twice"),
    "back in time": (("0,2,", "0,0.5,"), "line 4, column time: .*found '0.5' after a later one"),
    "no time": (("0,2,", "0,noon,"), "line 4, column time: expected a time stamp, found 'noon'"),
    "window again": (("1,2,0.7", "0,2,0.7"), "line 7: .*found window '0' again, after line 2"),
    "open quote": (("0.3,0.4,a", '0.3,0.4,"a'), "line 4: expected cells of a table, found .*quotation marks"),
    "two names": (("time,x,y", "time,x,x"), "line 1: expected a name for each column, found 'x' twice"),
    "another name": (("time,x,y", "time,x,yy"), r"data\.source\.channels\.1: .*found 'y'; did you mean 'yy'\?"),
    "no column of labels": ((",label", ",lable"), r"data\.source\.label: .* did you mean 'lable'\?"),
    "only names": (("0,0,", "\0"), "at least one window, found none below the names"),
    "empty": (("window", "\0"), "line 1: expected a line with the names of the columns, found none"),
}
SOUND = """window,time,x,y,label
0,0,0.1,0.2,a
0,1,0.2,0.3,a
0,2,0.3,0.4,a
1,0,0.5,0.6,b
1,1,0.6,0.7,b
1,2,0.7,0.8,b
"""


@pytest.mark.parametrize(("change", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_with_its_line_number(path: Path, change: tuple[str, str], words: str) -> None:
    old, new = change
    text = SOUND.partition(old)[0] if new == "\0" else SOUND.replace(old, new, 1)
    path.write_text(text)
    with pytest.raises(ZooError, match=words) as caught:
        read(long_source(path, subject=None))
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SOUND.replace("a\n", "gr\xfcn\n", 1).encode("latin-1"), "line 2: expected text in utf-8, found the byte 0xfc"),
        (
            codecs.BOM_UTF16_LE + SOUND.encode("utf-16-le")[:-1],
            "expected a file in CSV format, .* found UnicodeDecodeError",
        ),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", "line 1: expected text in utf-8, found the byte 0x93"),
        (b"PK\x03\x04\x14\x00\x06\x00", "data.source.channels.0: expected a column of the table"),
    ],
    ids=["latin-1", "half a character", "another format", "a workbook"],
)
def test_another_encoding_is_refused_with_its_line(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ZooError, match=words) as caught:
        read(long_source(path, subject=None))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("label,x_0,x_1,y_0", r"channels\.1: .*as many for each channel, found y_0 and others, 1 in all"),
        ("label,x_0,x_1,x_3,y_0,y_1,y_2", r"channels\.0: .*found x_0, x_1 and others, 3 in all"),
        ("label,x_0,x0,y_0,y_1", r"channels\.0: .*found x_0, x0 and others, 2 in all"),
        ("label,x,y", r"channels\.0: .*found none; .*set data\.source\.window if a row is a sample"),
    ],
)
def test_columns_of_a_wide_table_that_do_not_fit_are_refused(path: Path, header: str, words: str) -> None:
    path.write_text(header + "\n")
    with pytest.raises(ZooError, match=words):
        peek(CsvSource(path=str(path), channels=CHANNELS))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"window": None, "time": "t"}, "data.source.time: expected null"),
        ({"label": "x"}, "another column for each field, found 'x' twice"),
        ({"channels": ("x", "x")}, "another column for each field, found 'x' twice"),
        ({"test": "t.csv"}, "windows that are not also in training, found 't.csv', the training file"),
        ({"test": "./t.csv"}, r"data.source.test: expected the name of a file in that folder, found './t.csv'"),
        ({"test": "../t.csv"}, r"data.source.test: expected the name of a file in that folder"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ZooError, match=words):
        long_source(Path("t.csv"), **fields)


def test_columns_with_usual_names_are_inferred(path: Path) -> None:
    long_table().rename(columns={"label": "Activity"}).assign(trial=0).to_csv(path, index=False)
    found = read_data(f"csv:{path}", REGISTRY)
    assert found.source == long_source(path, label="Activity", group="trial")
    assert found.split.test == 0.2
    changed = read_data(f"csv:{path}", REGISTRY, ['data.source.channels=["y"]', "data.source.group=null"])
    assert changed.source == long_source(path, label="Activity", channels=("y",))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("window,x,y", r"a column named label or .*found window, x, y; .* --set data\.source\.label=y"),
        ("window,x,class,label", r"one column for the label, found class, label; .*--set data\.source\.label=class"),
        ("x,y,label", r"columns of samples, such as x_0, x_1, found x, y; .*data\.source\.window if a row is a sample"),
    ],
)
def test_columns_that_names_do_not_determine_are_refused(path: Path, header: str, words: str) -> None:
    path.write_text(header + "\n")
    with pytest.raises(ZooError, match=words):
        read_data(f"csv:{path}", REGISTRY)


def test_a_damaged_table_gives_one_line_or_data(path: Path) -> None:
    long_table().to_csv(path, index=False)
    content, draw = path.read_bytes(), random.Random(0)
    refusals: list[ZooError] = []
    for number in range(120):
        broken = bytearray(content)
        for _ in range(draw.randrange(1, 4)):
            place = draw.randrange(len(broken) if number % 2 else 200)
            broken[place] = draw.choice([*b',"\n\r\0;-e ', draw.randrange(256)])
        path.write_bytes(broken[: draw.randrange(len(broken))] if number % 5 == 0 else broken)
        try:
            read(long_source(path))
        except ZooError as error:
            refusals.append(error)
    assert len(refusals) > 60
    assert all("\n" not in str(error) and error.hint for error in refusals)
    foreign = re.compile("(Value|Type|Index|Key|Attribute)Error")  # of Python's, which says nothing to a user
    assert not [str(error) for error in refusals if foreign.search(str(error))]


def test_a_file_that_is_not_there_is_refused_with_its_field(path: Path) -> None:
    for source, field in ((long_source(path), "path"), (long_source(path, test="more.csv"), "test")):
        with pytest.raises(ZooError, match=rf"found no such file; check data\.source\.{field}"):
            peek(source)
        path.write_text(SOUND)
    with pytest.raises(ZooError, match=r"found a folder; name a file in it, such as .*\.csv"):
        read_data(f"csv:{path.parent}", REGISTRY)


def test_a_file_named_without_its_kind_is_refused_with_it(path: Path) -> None:
    path.write_text(SOUND)
    with pytest.raises(ZooError, match=rf"found data of the kind data\.csv; name its format, such as csv:{path}"):
        read_data(path, REGISTRY)
