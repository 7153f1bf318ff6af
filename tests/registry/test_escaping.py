"""Text from outside is safe on the terminal, in pages and in tables, and keeps its information."""

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from zoo_registry import SpecError
from zoo_registry.escaping import for_csv, for_json, for_markdown, for_markup, for_terminal

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Controls of a terminal, of lines and of directions, halves of pairs, and what XML 1.0 forbids."""
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("walk\x1b[2J", r"walk\x1b[2J"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\ud800\ufffe\x00", r"\ud800\ufffe\x00"),
        ("plain", "plain"),
        ("gehen, 走る, идти", "gehen, 走る, идти"),
        ("می\u200cروم 👩\u200d👩 a\u00a0b", "می\u200cروم 👩\u200d👩 a\u00a0b"),
    ],
)
def test_invisible_characters_are_escaped_and_every_script_is_kept(text, shown):
    assert for_terminal(text) == shown


@given(ANYTHING)
def test_no_text_moves_the_cursor_of_a_terminal(text):
    assert not UNSEEN.search(for_terminal(text))
    assert for_terminal(for_terminal(text)) == for_terminal(text)


@given(ANYTHING)
def test_text_in_markup_is_valid_xml(text):
    escaped = for_markup(text).replace("&", "&amp;").replace("<", "&lt;")
    assert ElementTree.fromstring(f"<a>{escaped}</a>").text or not text


@given(st.text(st.characters(exclude_categories=()) | st.sampled_from("\\`*_[]()<>|~&!#:/="), max_size=30))
def test_text_in_a_cell_of_markdown_is_text_alone(text):
    parsed = MarkdownIt("commonmark", {"linkify": False}).enable("table").parse(f"|a|\n|---|\n|{for_markdown(text)}|\n")
    cell = [token for token in parsed if token.type == "inline"][-1]
    assert {part.type for part in cell.children} <= {"text", "text_special"}
    assert "".join(part.content for part in cell.children).strip() == for_terminal(text).strip()


@given(st.recursive(ANYTHING, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANYTHING, inner, max_size=3)))
def test_json_on_a_terminal_has_the_same_content(data):
    document = for_json(json.dumps(data, indent=2, ensure_ascii=False))
    assert json.loads(document) == data
    assert not UNSEEN.search(document.replace("\n", ""))


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1", " =1", "-", "+"])
def test_a_cell_that_starts_like_a_formula_is_text(text):
    assert for_csv(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "+2.5e-3", "-inf", "1=1", "walk", "", "x-y"])
def test_numbers_and_other_words_stay_unchanged_in_cells(text):
    assert for_csv(text) == text


@given(ANYTHING)
def test_no_cell_is_a_formula(text):
    cell = for_csv(text)
    if cell.strip()[:1] in tuple("=+-@＝＋－＠"):
        float(cell)
    assert not cell.startswith(("\t", "\r"))


def test_a_name_in_a_spec_is_printable(toys, run):
    run["training"] = {"phases": [{"name": "warm\x1b[2J"}]}
    with pytest.raises(SpecError, match=r"training\.phases\.0\.name: expected printable characters, found"):
        toys.run(run)
