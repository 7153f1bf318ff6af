"""A damaged .bin of a GENEActiv: what is noted, what is refused, and nothing that is not in its digits."""

import json
import os
import re
import tracemalloc
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from geneactiv_files import (
    GOLDEN,
    HEADER,
    START,
    Read,
    calibration,
    changed,
    digits,
    in_units,
    mutated,
    page,
    pages_at,
    read,
    recording,
    samples_of,
)
from zoo_geneactiv import GeneactivBin
from zoo_registry import DataError

RULES = json.loads((GOLDEN / "rules.json").read_text()) if GOLDEN.is_dir() else {}
CASES = 2000 if os.environ.get("ZOO_CASES") == "all" else 200
"""Mutated files; ten times as many with ZOO_CASES=all."""
WHOLE = pages_at(0, 3, 6, 9)
UNENDED = recording().rstrip()
MARK = "Recorded Data\r\nDevice Unique Serial Code:071234\r\n"


def with_digits(number: int, data: str) -> bytes:
    """A file of four pages in which page ``number`` has other digits."""
    return changed(digits(number), data)


# What is wrong, the file, the samples of its stretches, and its only note.
NOTED = [
    ("cut in a sample", UNENDED[: -12 * 198 - 2], [1001], "page 3 has only 101 of its 300 samples"),
    ("cut between samples", UNENDED[: -12 * 200], [1000], "page 3 has only 100 of its 300 samples"),
    ("cut in a field", UNENDED[:-3645], [900], "page 3 has no Measurement Frequency; the page is left out"),
    (
        "a page missing",
        recording(WHOLE[0], *WHOLE[2:]),
        [300, 600],
        "page 1 is missing: a gap of 3.000 s after 300 samples, 2021-03-28 00:59:54.000 to 2021-03-28 00:59:57.000; "
        "3 pages are in the file, the header announces 4",
    ),
    (
        "the first page missing",
        recording(*WHOLE[1:]),
        [900],
        "3 pages are in the file, the header announces 4; the first is page 1",
    ),
    ("more announced", changed("Pages:4", "Pages:9"), [1200], "4 pages are in the file, the header announces 9"),
    ("fewer announced", changed("Pages:4", "Pages:3"), [1200], "4 pages are in the file, the header announces 3"),
    ("none announced", changed("Pages:4", "Pages:"), [1200], "4 pages are in the file, the header announces none"),
    (
        "other letters",
        with_digits(2, digits(2)[:1200] + "zoo" + digits(2)[1203:]),
        [600, 300],
        f"sample 100 of page 2 is 'zoo{digits(2)[1203:1212]}', which is not 12 hexadecimal digits; "
        "the page is left out",
    ),
    (
        "a space",
        with_digits(1, digits(1)[:12] + " " + digits(1)[13:]),
        [300, 600],
        f"sample 1 of page 1 is ' {digits(1)[13:24]}', which is not 12 hexadecimal digits; the page is left out",
    ),
    (
        "a digit lost",
        with_digits(1, digits(1)[1:]),
        [300, 600],
        "page 1 has 3599 digits, not 12 for each sample; the page is left out",
    ),
    ("a sample lost", with_digits(1, digits(1)[12:]), [1199], "page 1 has only 299 of its 300 samples"),
    ("many samples lost", with_digits(1, digits(1)[:1200]), [400, 600], "page 1 has only 100 of its 300 samples"),
    (
        "a sample too many",
        with_digits(1, digits(1) + 12 * "0"),
        [300, 600],
        "page 1 has 301 samples where a page holds 300; the page is left out",
    ),
    ("no samples", with_digits(1, ""), [300, 600], "page 1 has no samples; the page is left out"),
    (
        "another device's page",
        changed("071234\r\nSequence Number:2", "071235\r\nSequence Number:2"),
        [600, 300],
        "page 2 is of the device '071235', not 071234; the page is left out",
    ),
    (
        "no such date",
        changed("Page Time:2021-03-28 00:59:57", "Page Time:2021-02-30 00:59:57"),
        [600, 300],
        "page 2 has the Page Time '2021-02-30 00:59:57:000'; the page is left out",
    ),
    (
        "no temperature",
        changed("Temperature:25.2", "Temperature:"),
        [600, 300],
        "page 2 has the Temperature ''; the page is left out",
    ),
    (
        "a field twice",
        changed("Unassigned:", "Temperature:3.0", 1),
        [900],
        "the first page states 'Temperature' twice; the page is left out",
    ),
    (
        "no number",
        changed("Sequence Number:2", "Sequence Number:"),
        [600, 300],
        "the page after page 1 has no sequence number; the page is left out",
    ),
    (
        "a wrong number",
        changed("Sequence Number:3", "Sequence Number:8"),
        [1200],
        "page 8 follows page 2 without a gap in time",
    ),
    ("a page twice", recording(*WHOLE[:2], *WHOLE[1:]), [1200], "page 1 is in the file twice and read once"),
    ("padding at the end", recording() + bytes(512), [1200], "after page 3: a line of no page"),
    (
        "the clock set anew",
        recording(*pages_at(0, 3, 3606, 3609)),
        [600, 600],
        "the clock leaps between pages 1 and 2: "
        "a gap of 3600.000 s after 600 samples, 2021-03-28 00:59:57.000 to 2021-03-28 01:59:57.000",
    ),
    (
        "a clock far too slow",
        recording(*pages_at(0, 3, 7, 10)),
        [1200],
        "page 1 starts 4.000 s before the next, which is 75.00 Hz, not 100 Hz",
    ),
]


@pytest.mark.parametrize(("data", "stretches", "note"), [case[1:] for case in NOTED], ids=[case[0] for case in NOTED])
def test_a_fault_is_noted_and_the_rest_is_read(tmp_path, data, stretches, note):
    found = read(tmp_path, data)
    assert found.notes == [note]
    assert found.stretches == stretches
    assert (np.diff(found.time) > 0).all()


def test_a_page_without_the_line_above_it_is_missing(tmp_path):
    found = read(tmp_path, changed(f"{MARK}Sequence Number:2", "Sequence Number:2"))
    assert found.stretches == [600, 300]
    assert [note.partition(":")[0] for note in found.notes] == [
        "after page 1",
        "page 2 is missing",
    ]


def test_a_page_left_out_does_not_hide_a_longer_gap(tmp_path):
    pages = pages_at(0, 3, 6, 60)
    found = read(tmp_path, recording(*pages[:2], pages[2].replace(digits(2), ""), pages[3]))
    assert found.stretches == [600, 300]
    assert [note.partition(":")[0] for note in found.notes] == [
        "page 2 has no samples; the page is left out",
        "the clock leaps between pages 1 and 3",
    ]


def test_faults_of_a_kind_are_counted_in_one_note(tmp_path):
    broken = [page(number, START, "Z" * 3600) for number in range(30)]
    found = read(tmp_path, recording(*broken, page(30, START), header=HEADER.replace("Pages:4", "Pages:31")))
    assert len(found.notes) == 1
    assert found.notes[0].endswith("; the page is left out (29 more like this)")


LINE = {line: number for number, line in enumerate(HEADER.splitlines(), 1)}
LINES = f"lines {LINE['Calibration Data']} to {LINE['Memory Status'] - 1}"
SCALE, START_OF = "expected a number above 0", "Page Time: expected a start at or after"
REFUSED = {
    "a gain of 0": (changed("x gain:25344", "x gain:0"), rf"{LINES}, x gain: {SCALE}, found '0'"),
    "a gain below 0": (changed("y gain:25870", "y gain:-9"), rf"{LINES}, y gain: {SCALE}, found '-9'"),
    "a gain that is no number": (changed("z gain:25470", "z gain:nan"), rf"z gain: {SCALE}, found 'nan'"),
    "an endless gain": (changed("z gain:25470", "z gain:2e999"), rf"z gain: {SCALE}, found '2e999'"),
    "no gain": (changed("x gain:25344\r\n", ""), rf"x gain: {SCALE}, found no such line"),
    "no offset": (changed("x offset:1104\r\n", ""), r"x offset: expected a number, found no such line"),
    "no volts": (changed("Volts:300", "Volts:0"), rf"Volts: {SCALE}, found '0'"),
    "no rate": (
        changed("Frequency:100 Hz", "Frequency: Hz"),
        r"Frequency: expected a rate of 1 to 1000 Hz",
    ),
    "no device": (changed("Device Unique Serial Code:071234", "Code:071234", 1), r"expected the number of the device"),
    "another rate": (changed("Frequency:100.0", "Frequency:50.0", 1), r"page 0: expected the rate of the header, 100"),
    "a rate that changes": (recording(*WHOLE[:2], *pages_at(0, 3, 6, rate="50.0")[2:]), r"page 2: .* found 50 Hz"),
    "time that goes back": (recording(*pages_at(0, 3, -2, 9)), rf"page 2, {START_OF}.* page 1 ends, found .* 00:59:49"),
    "pages that overlap": (recording(*pages_at(0, 3, 4, 7)), rf"page 2, {START_OF}"),
    "other pages of the same time": (recording(*pages_at(0, 3, 3, 6)), rf"page 2, {START_OF}"),
    "a second recording": (recording() + recording(), r"after page 3: .* found a second header; store each recording"),
    "no pages": (HEADER.encode(), r"expected at least one page of samples, found a header alone"),
    "damaged pages": (recording(page(0, START, "FF")), r"expected at least one page of samples, found only damaged"),
    "a header that is cut": (HEADER.encode()[:500], r"header: expected the section 'Memory Status', found none in"),
    "a header without calibration": (changed("Calibration Data", "Data"), r"expected the section 'Calibration Data'"),
    "another device's file": (b"MD" + bytes(2000), r"expected a file that starts with 'Device Identity', found 'MD"),
    "an empty file": (b"", r"expected a file that starts with 'Device Identity', found an empty file"),
    "a header without an end": (HEADER.encode() + b"\n" * 2**20, r"expected a page within"),
    "a line without an end": (b"Device Identity\n" + b"a" * 2**20, r"expected a page within"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_file_that_cannot_be_trusted_is_refused_in_one_line(tmp_path, fault):
    data, message = REFUSED[fault]
    with pytest.raises(DataError, match=message) as refused:
        read(tmp_path, data)
    assert str(refused.value).isprintable()
    assert "some.bin" in refused.value.where


def test_a_file_that_cannot_be_opened_is_refused(tmp_path):
    for path, found in ((tmp_path / "none.bin", "no such file"), (tmp_path, "a folder")):
        with pytest.raises(DataError, match=found):
            GeneactivBin().open(path)


def test_a_left_out_page_does_not_hide_a_longer_gap(tmp_path):
    pages = pages_at(0, 3, 6, 60)
    pages[2] = pages[2].replace(digits(2), "")
    found = read(tmp_path, recording(*pages))
    assert found.stretches == [600, 300]
    assert [note.partition(":")[0] for note in found.notes] == [
        "page 2 has no samples; the page is left out",
        "the clock leaps between pages 1 and 3",
    ]


STRETCHES = {
    "truncated_last_page": [1602],
    "page_missing": [600, 900],
    "bad_hex": [900, 600],
    "short_page": [1799],
    "long_page": [600, 900],
    "gap_of_an_hour": [900, 900],
    "raw.csv": [600],
    "raw_semicolon.csv": [300],
    "raw_cut.csv": [150],
}
"""Samples of each stretch, where there are not 1,800 in one."""


@pytest.mark.parametrize("name", RULES)
def test_files_of_another_maker_give_what_their_rules_say(name):
    try:
        found = Read(GOLDEN / (name if name.endswith(".csv") else f"{name}.bin"))
    except DataError:
        assert RULES[name]["outcome"] in ("refused", "refused or told")
    else:
        assert len(found.notes) == ("told" in RULES[name]["outcome"])
        assert found.stretches == STRETCHES.get(name, [1800])


def samples_in(data: bytes) -> list[tuple[float, ...]]:
    """Every sample that twelve digits of the file give, in units and in order."""
    known = calibration(data)
    sound = (re.match(rb"(?:[0-9A-Fa-f]{12})*", line) for line in re.split(rb"[\r\n]+", data))
    return [in_units(sample, known) for line in sound if line for sample in samples_of(line[0].decode())]


def test_no_mutation_gives_a_sample_that_is_not_in_the_digits(tmp_path):
    whole, path = recording(*pages_at(0, 3, 6)), tmp_path / "some.bin"
    refused = []
    for seed in range(CASES):
        path.write_bytes(data := mutated(whole, seed))
        try:
            found = Read(path)
        except DataError as error:
            refused.append(str(error))
            continue
        columns = [*found.x, found.side["light"], found.side["button"]]
        stored = iter(samples_in(data))
        # Each is searched for after the one before: none occurs twice or in another order.
        assert all(sample in stored for sample in zip(*(column.tolist() for column in columns), strict=True)), seed
        assert (np.diff(found.time) > 0).all(), seed
        assert all(np.isfinite(column).all() for column in (found.x, *found.side.values())), seed
    assert all(line.isprintable() for line in refused)
    assert CASES // 10 < len(refused) < CASES // 2


def peak_of(path: Path) -> int:
    """Most bytes that are allocated while a file is read block by block."""
    GeneactivBin().open(path)  # imports
    tracemalloc.start()
    try:
        for _ in GeneactivBin().open(path).blocks():
            pass
    except DataError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("what", ["a long recording", "a long line", "many lines", "a long header", "an absurd count"])
def test_memory_does_not_grow_with_the_file(tmp_path, what):
    many = 2**23
    data = {
        "a long recording": lambda: recording(*pages_at(*range(0, 1800, 3))),
        "a long line": lambda: recording() + b"0" * many,
        "many lines": lambda: recording() + b"a\n" * 2**18,
        "a long header": lambda: changed("Subject Notes:", "Subject Notes:\r\n" + "a" * many),
        "an absurd count": lambda: changed("Pages:4", "Pages:1000000000000000"),
    }[what]()
    (tmp_path / "some.bin").write_bytes(data)
    if what == "a long header":
        with pytest.raises(DataError, match="a page within"):
            GeneactivBin().open(tmp_path / "some.bin")
    else:
        assert peak_of(tmp_path / "some.bin") < 2**22


@pytest.mark.parametrize("part", [0.4, 1.0])
def test_a_file_that_grows_while_it_is_read_gives_whole_samples(tmp_path, part):
    """A page that is being written is read up to its last whole sample, or left for the next reading."""
    path = tmp_path / "some.bin"
    path.write_bytes(recording(*pages_at(*range(0, 300, 3))))
    new = page(100, START + timedelta(seconds=300)).replace("\n", "\r\n").encode()
    found = []
    for block in GeneactivBin().open(path).blocks():
        if not found:
            with path.open("ab") as file:
                file.write(new[: int(part * len(new))])
        found.append(block)
    x = np.concatenate([block.x for block in found], axis=1)
    text = path.read_text(encoding="latin-1")
    lines = re.findall("^[0-9A-F]{12,}", text, re.MULTILINE)
    known = calibration(path.read_bytes())
    expected = [in_units(sample, known)[:3] for line in lines for sample in samples_of(line)]
    assert 30_000 <= x.shape[1] <= len(expected)
    assert x.T[:30_000:97] == pytest.approx(np.array(expected[:30_000:97]), abs=1e-12)
    assert x.T[30_000:] == pytest.approx(np.array(expected[30_000 : x.shape[1]]).reshape(-1, 3), abs=1e-12)
