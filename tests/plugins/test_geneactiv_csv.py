"""The raw table of a GENEActiv: values, times and gaps, and what damaged ones give."""

import os
import re
import tracemalloc
from collections import Counter
from contextlib import suppress
from random import Random

import numpy as np
import pytest
from geneactiv_files import GOLDEN, START, TABLE, Read, read, rows_of, table
from zoo_geneactiv import GeneactivCsv
from zoo_registry import DataError

ROWS = rows_of(700)
NUMBER = re.compile(r"-?\d+(\.\d+)?")
CASES = 2000 if os.environ.get("ZOO_CASES") == "all" else 200
"""Mutated files; ten times as many with ZOO_CASES=all."""


def numbers(rows):
    """Columns after the time, by plain arithmetic."""
    return np.array([[float(cell) for cell in row.split(",")[1:]] for row in rows]).T


def test_values_times_and_fields(tmp_path):
    found = read(tmp_path, table(ROWS))
    x, (light, button, temperature) = np.split(numbers(ROWS), 2)
    np.testing.assert_array_equal(found.x, x)
    np.testing.assert_array_equal(found.side["light"], light)
    np.testing.assert_array_equal(found.side["button"], button)
    np.testing.assert_array_equal(found.side["temperature"], temperature)
    np.testing.assert_allclose(found.time, np.arange(700) / 100, atol=1e-9)
    assert (found.stretches, found.notes) == ([700], [])
    about = found.about
    assert (about.start, about.rate, about.axes, about.units) == (START, 100, ("x", "y", "z"), "g")
    assert (about.subject, about.device) == ("P07", "GENEActiv 071234")
    assert about.facts["Subject Notes"] == "Worn, on the wrist"


@pytest.mark.parametrize(
    "data",
    [
        table(ROWS).replace(b",", b";").replace(b".", b",").replace(b"Worn;", b"Worn,").replace(b"1,2\r", b"1.2\r"),
        table(ROWS).replace(b"\r\n", b"\n"),
        table(ROWS).rstrip(),
        b"\xef\xbb\xbf" + table(ROWS) + b"\r\n",
    ],
    ids=["decimal commas", "line feeds", "no line end", "byte order mark and blank line"],
)
def test_spellings_of_whole_tables_are_read_alike(tmp_path, data):
    found, plain = read(tmp_path, data), read(tmp_path, table(ROWS))
    np.testing.assert_array_equal(found.x, plain.x)
    np.testing.assert_array_equal(found.time, plain.time)
    assert (found.about.facts, found.notes) == (plain.about.facts, [])


def test_a_long_table_comes_in_blocks_without_gaps(tmp_path):
    rows = rows_of(15_000)
    (tmp_path / "some.csv").write_bytes(table(rows))
    blocks = list(GeneactivCsv().open(tmp_path / "some.csv").blocks())
    assert len(blocks) > 2
    assert [block.continues for block in blocks] == [False] + [True] * (len(blocks) - 1)
    np.testing.assert_array_equal(np.concatenate([block.x for block in blocks], axis=1), numbers(rows)[:3])


def test_a_rate_that_is_no_whole_number(tmp_path):
    found = read(tmp_path, table(rows_of(700, 35 / 3), TABLE.replace("100 Hz", "85.7 Hz")))
    assert (found.about.rate, found.stretches, found.notes) == (85.7, [700], [])
    np.testing.assert_allclose(found.time, np.arange(700) * 0.035 / 3, atol=6e-4)


@pytest.mark.parametrize("lost", [1, 300])
def test_rows_that_are_missing_are_a_gap(tmp_path, lost):
    found = read(tmp_path, table(ROWS[:200] + ROWS[200 + lost :]))
    assert found.stretches == [200, 500 - lost]
    seconds, line = lost / 100, TABLE.count("\n") + 201
    assert found.notes == [f"a gap of {seconds:.3f} s before line {line}, {ROWS[200 + lost][:23]}"]
    np.testing.assert_array_equal(found.x[:, 200:], numbers(ROWS[200 + lost :])[:3])


@pytest.mark.parametrize("characters", [1, 2, 4, 8, 40])
def test_a_last_line_that_is_cut_is_left_out(tmp_path, characters):
    found = read(tmp_path, table(ROWS).rstrip()[:-characters])
    assert found.stretches == [699]
    assert found.notes == [f"the file ends within line {TABLE.count(chr(10)) + 700}, which is left out"]


LINE = TABLE.count("\n") + 301
SUMMARY = ",".join(["2021-03-28 00:59:51:000", *["0.5"] * 11])
REFUSED = {
    "summaries": ([SUMMARY] * 3, r"expected 7 cells of a sample, found 12 cells, a summary of many samples; export"),
    "columns missing": ([row[:40] for row in ROWS], r"expected 7 cells of a sample, found [3-6] cells; export"),
    "no rows": ([], r"expected rows of samples below a header, found none in 223 bytes"),
    "another rate": (
        rows_of(700, 20.0),
        r"Frequency: expected the rate of the rows, found 100 Hz, but rows 20 ms apart",
    ),
    "rows a second apart": (rows_of(9, 1000), r"expected the rate of the rows, found 100 Hz, but rows 1000 ms apart"),
    "a word": ([*ROWS[:300], ROWS[300].replace(",", ",x", 1)], rf"line {LINE}: expected a time and 6 numbers"),
    "not a number": ([*ROWS[:300], f"{ROWS[300][:23]},nan,nan,nan,0,0,20.0"], rf"line {LINE}: expected a time and"),
    "a cell too many": ([*ROWS[:300], ROWS[300] + ",1"], rf"line {LINE}: expected a time and 6 numbers"),
    "no such date": ([*ROWS[:300], ROWS[300].replace("-03-28", "-02-30")], rf"line {LINE}: expected a date and time"),
    "time that goes back": ([*ROWS[:300], ROWS[298]], rf"line {LINE}: expected a time after that of the row before"),
    "a row twice": ([*ROWS[:300], ROWS[299]], rf"line {LINE}: expected a time after that of the row before"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_table_that_cannot_be_trusted_is_refused_in_one_line(tmp_path, fault):
    rows, message = REFUSED[fault]
    with pytest.raises(DataError, match=message) as refused:
        read(tmp_path, table(rows))
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("rate", ["", "fast", "0 Hz", "1e3 Hz"])
def test_a_header_without_a_rate_is_refused(tmp_path, rate):
    with pytest.raises(DataError, match=r"Measurement Frequency: expected a rate of 1 to 1000 Hz"):
        read(tmp_path, table(ROWS, TABLE.replace("100 Hz", rate)))


@pytest.mark.parametrize(("byte", "count"), [(b"0", 2**25), (b"\xff", 2**25), (b"\n", 2**20)])
def test_memory_does_not_grow_with_what_follows(tmp_path, byte, count):
    (tmp_path / "some.csv").write_bytes(table(ROWS) + byte * count)
    recording = GeneactivCsv().open(tmp_path / "some.csv")
    tracemalloc.start()
    with suppress(DataError):
        list(recording.blocks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**23


def rows_in(data: bytes) -> set[tuple[float, ...]]:
    """The columns after the time in every line of seven cells."""
    rows = [line.rstrip("\r").split(",")[1:] for line in data.decode("latin-1").split("\n")]
    return {tuple(map(float, row)) for row in rows if len(row) == 6 and all(map(NUMBER.fullmatch, row))}


def test_no_mutation_gives_a_row_that_is_not_in_the_table(tmp_path):
    whole, outcomes = table(ROWS[:60]), Counter[str]()
    for seed in range(CASES):
        draw, data = Random(seed), bytearray(whole)
        for _ in range(draw.choice((1, 2, 8))):
            data[draw.randrange(len(data))] = draw.choice((draw.randrange(256), *b"0123456789,.-:\r\n"))
        try:
            found = read(tmp_path, bytes(data))
        except DataError:
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        columns = [*found.x, found.side["light"], found.side["button"], found.side["temperature"]]
        assert set(zip(*(column.tolist() for column in columns), strict=True)) <= rows_in(data), seed
        assert (np.diff(found.time) > 0).all(), seed
    assert min(outcomes.values()) > CASES // 10


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="no ../shared/golden/geneactiv")
@pytest.mark.parametrize(("name", "rows"), [("raw.csv", 600), ("raw_semicolon.csv", 300), ("raw_cut.csv", 150)])
def test_tables_of_another_maker(name, rows):
    found, expected = Read(GOLDEN / name), np.load(GOLDEN / "expected.npz")
    assert found.stretches == [rows]
    np.testing.assert_allclose(found.x, expected["g"][:rows].T, rtol=0, atol=5e-5 + 1e-9)
    np.testing.assert_array_equal(found.side["light"], np.floor(expected["lux"][:rows] + 1e-9))
    np.testing.assert_array_equal(found.side["button"], expected["button"][:rows])
    np.testing.assert_allclose(found.time, np.arange(rows) / 100, atol=1e-9)
