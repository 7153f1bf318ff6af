"""The .bin of a GENEActiv: values, times and header of whole files."""

import json
import re
from datetime import datetime, timedelta

import numpy as np
import pytest
from geneactiv_files import (
    GOLDEN,
    HEADER,
    SAMPLES,
    SHARED,
    START,
    Read,
    calibration,
    changed,
    digits,
    in_units,
    page,
    pages_at,
    read,
    recording,
    rows_of,
    samples_of,
    table,
)
from zoo_geneactiv import GeneactivBin, GeneactivCsv
from zoo_registry import FIRST_BYTES

from zoo.testing import check_recording

REAL = SHARED / "data" / "geneactiv" / "GENEAread_TESTfile.bin"


def test_values_are_those_of_the_formulas_and_the_header_is_read(tmp_path):
    data = recording()
    found, known = read(tmp_path, data), calibration(data)
    expected = np.array([in_units(sample, known) for number in range(4) for sample in samples_of(digits(number))])
    np.testing.assert_allclose(found.x, expected[:, :3].T, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.side["light"], expected[:, 3], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.side["button"], expected[:, 4])
    np.testing.assert_array_equal(found.side["temperature"], np.repeat([25, 25.1, 25.2, 25.3], SAMPLES))
    np.testing.assert_array_equal(found.side["battery"], np.repeat([4.1, 4.099, 4.098, 4.097], SAMPLES))
    np.testing.assert_allclose(found.time, np.arange(4 * SAMPLES) / 100, atol=1e-9)
    assert (found.stretches, found.notes) == ([4 * SAMPLES], [])
    about = found.about
    assert (about.start, about.rate, about.axes, about.units) == (START, 100, ("x", "y", "z"), "g")
    assert (about.subject, about.device) == ("P07", "GENEActiv 071234")
    assert about.facts["Time Zone"] == "GMT +01:00"
    assert (about.facts["x gain"], about.facts["Number of Pages"]) == ("25344", "4")


def test_gains_are_those_of_the_file(tmp_path):
    known = {"x gain": 25000.0, "y gain": 26000.0, "x offset": -300.0, "z offset": 0.0, "Lux": 790.0, "Volts": 320.0}
    header = HEADER
    for name, value in known.items():
        header = re.sub(f"^{name}:.*$", f"{name}:{value:g}", header, flags=re.MULTILINE)
    data = recording(header=header)
    expected = [in_units(sample, calibration(data) | known) for sample in samples_of(digits(0))]
    found = read(tmp_path, data)
    np.testing.assert_allclose([*found.x[:, :SAMPLES], found.side["light"][:SAMPLES]], np.array(expected)[:, :4].T)


def test_a_recording_is_read_again_in_blocks_of_about_a_minute(tmp_path):
    (tmp_path / "some.bin").write_bytes(recording(*pages_at(*range(0, 135, 3))))
    opened = GeneactivBin().open(tmp_path / "some.bin")
    first, again = list(opened.blocks()), list(opened.blocks())
    assert [len(block.time) for block in first] == [6000, 6000, 1500]
    assert [block.continues for block in first] == [False, True, True]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.x, other.x)


@pytest.mark.parametrize(
    "data",
    [
        recording().replace(b"\r\n", b"\n"),
        recording().rstrip(),
        recording().replace(b"GENEActiv", b"GENEActiv        ").replace(b"25344", b"25344   "),
        re.sub(rb"(Temperature:\d+|voltage:\d+|Frequency:100)\.", rb"\1,", recording()),
    ],
    ids=["line feeds", "no line end", "padded fields", "decimal commas"],
)
def test_spellings_of_whole_files_are_read_alike(tmp_path, data):
    found, plain = read(tmp_path, data), read(tmp_path, recording())
    np.testing.assert_array_equal(found.x, plain.x)
    np.testing.assert_array_equal(found.time, plain.time)
    np.testing.assert_array_equal(found.side["temperature"], plain.side["temperature"])
    assert (found.about.device, found.notes) == (plain.about.device, [])


@pytest.mark.parametrize(
    ("notes", "fact"),
    [
        (
            "a\nRecorded Data\nx gain:1\n\nCalibration Data\nz",
            "a Recorded Data x gain:1 Calibration Data z",
        ),
        ("Memory Status\nNumber of Pages:9\n\nRecorded Data", "Memory Status Number of Pages:9 Recorded Data"),
        ("hôpital, 37 °C", "hôpital, 37 °C"),
        ("Subject Code:P99\nMeasurement Frequency:50 Hz", "Subject Code:P99 Measurement Frequency:50 Hz"),
    ],
    ids=["sections", "the last section", "Latin-1", "fields"],
)
def test_the_content_of_notes_changes_nothing(tmp_path, notes, fact):
    found = read(tmp_path, changed("Subject Notes:Worn on the wrist", f"Subject Notes:{notes}"))
    assert found.about.facts["Subject Notes"] == fact
    assert (found.about.subject, found.notes) == ("P07", [])
    np.testing.assert_array_equal(found.x, read(tmp_path, recording()).x)


def test_notes_above_other_fields_end_where_these_begin(tmp_path):
    about = read(tmp_path, changed("Config Notes:", "Config Notes:first\nSubject Code:P99")).about
    assert about.facts["Config Notes"] == "first Subject Code:P99"
    assert (about.subject, about.facts["Extract Notes"]) == ("P07", "")


def test_a_slow_clock_is_followed_and_is_no_gap(tmp_path):
    found = read(tmp_path, recording(*pages_at(0, 3.004, 6.008, 9.012)))
    assert (found.stretches, found.notes) == ([1200], [])
    np.testing.assert_allclose(found.time[:900], np.arange(900) * 3.004 / 300, atol=1e-9)
    np.testing.assert_allclose(found.time[900:], 9.012 + np.arange(300) / 100, atol=1e-9)


@pytest.mark.parametrize(("header", "pages"), [("85.7 Hz", "85.7"), ("85,7 Hz", "85,7")])
def test_a_rate_that_is_no_whole_number(tmp_path, header, pages):
    starts = np.round(np.arange(4) * 300 / (600 / 7), 3)
    found = read(tmp_path, recording(*pages_at(*starts, rate=pages), header=HEADER.replace("100 Hz", header)))
    assert (found.about.rate, found.stretches, found.notes) == (85.7, [1200], [])
    np.testing.assert_allclose(found.time, np.arange(1200) * 7 / 600, atol=0.003)
    np.testing.assert_allclose(found.time[::300], starts, atol=1e-9)


def test_samples_before_a_gap_and_the_last_have_the_nominal_rate(tmp_path):
    found = read(tmp_path, recording(*pages_at(0, 3.1, 60, 63)))
    np.testing.assert_allclose(found.time[300:600], 3.1 + np.arange(300) / 100, atol=1e-9)
    assert (found.stretches, found.time[600]) == ([600, 600], 60)


def test_a_page_that_ends_early_by_less_than_half_a_page_is_squeezed(tmp_path):
    found = read(tmp_path, recording(*pages_at(0, 1.6, 4.6, 7.6)))
    np.testing.assert_allclose(found.time[:300], np.arange(300) * 1.6 / 300, atol=1e-9)
    assert found.stretches == [1200]


def test_a_file_is_recognised_by_its_first_bytes():
    for data, claimed in ((recording(), True), (HEADER[:20].encode(), True), (b"MD\xfc\x03", False), (b"", False)):
        assert GeneactivBin().claims(data[:FIRST_BYTES]) == claimed
        assert not GeneactivCsv().claims(data[:FIRST_BYTES])


def test_a_recording_may_start_with_any_number(tmp_path):
    pages = [page(number, START + timedelta(seconds=3 * number)) for number in range(1, 5)]
    found = read(tmp_path, recording(*pages))
    assert (found.stretches, found.notes) == ([1200], [])


@pytest.mark.parametrize(("reader", "data"), [(GeneactivBin(), recording()), (GeneactivCsv(), table(rows_of(700)))])
def test_readers_keep_the_contract(tmp_path, reader, data):
    (tmp_path / "some").write_bytes(data)
    check_recording(reader, tmp_path / "some")


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="no ../shared/golden/geneactiv")
def test_whole_files_of_another_maker():
    expected = np.load(GOLDEN / "expected.npz")
    found = Read(GOLDEN / "whole.bin")
    np.testing.assert_allclose(found.x, expected["g"].T, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.side["light"], expected["lux"], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.side["button"], expected["button"])
    np.testing.assert_array_equal(found.side["temperature"], np.repeat(expected["temperature"], SAMPLES))
    starts = [found.about.start + timedelta(seconds=float(second)) for second in found.time[::SAMPLES]]
    assert [start.isoformat() for start in starts] == list(expected["page_time"])
    others = np.load(GOLDEN / "expected_other_gains.npz")
    found = Read(GOLDEN / "other_gains.bin")
    np.testing.assert_allclose(found.x[:, :50], others["g"].T, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.side["light"][:50], others["lux"], rtol=0, atol=1e-9)


@pytest.mark.skipif(not REAL.exists() or not GOLDEN.is_dir(), reason="no ../shared/data/geneactiv")
def test_a_real_recording_is_read_as_two_other_readers_do():
    found = Read(REAL)
    known, values = json.loads((GOLDEN / "real_recording.json").read_text()), np.load(GOLDEN / "real_recording.npz")
    pages, light = found.x.T.reshape(-1, SAMPLES, 3), found.side["light"].reshape(-1, SAMPLES) * 300 / 800
    assert (len(found.time), found.notes, found.stretches) == (known["samples"], [], [known["samples"]])
    for at, expected in ((0, known["first"]), (-1, known["last"])):
        when = found.about.start + timedelta(seconds=round(float(found.time[at]), 6))
        assert when == datetime.fromisoformat(expected)
    np.testing.assert_allclose(pages[values["pages"]], values["g"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(pages.mean(1), values["page_mean"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(pages.std(1), values["page_std"], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(np.flatnonzero(found.side["button"]), values["button_samples"])
    np.testing.assert_allclose(light[values["pages"]], values["light_raw"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(light.sum(), values["light_sum"])
    for name, stored in (("temperature", "page_temperature"), ("battery", "page_voltage")):
        np.testing.assert_array_equal(found.side[name].astype(np.float32), np.repeat(values[stored], SAMPLES))
    for section in known["header"].values():
        for name, text in section.items():
            assert found.about.facts[name] == text
