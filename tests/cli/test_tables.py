"""Tables lose no text, neither in a pipe nor on a narrow terminal."""

import ast
import re
import sys
from pathlib import Path

import pytest

import zoo
from zoo.cli.tables import print_facts, print_table, print_title
from zoo.process.lines import print_line

COLUMNS = ["kind", "count", "what it is"]
ROWS = [
    ("vqshape.encoder", "7,667,468", "A sentence that is much longer than any terminal of forty columns is wide."),
    ("wrn.signal", "9", "Short, with [brackets] and ⌈signs⌉."),
]


@pytest.fixture
def terminal(capsys, monkeypatch):
    """Standard output that reports a terminal of 60 columns."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    return capsys


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_in_a_pipe_columns_are_aligned(capsys):
    print_table(COLUMNS, ROWS, numbers=("count",))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].index("what") == lines[1].index("A sentence") == lines[2].index("Short")
    assert lines[1].index("7,667,468") + 9 == lines[2].index("9  ") + 1
    assert [line.rstrip() for line in lines] == lines
    assert lines[1].endswith(ROWS[0][2])


def test_a_table_without_rows_is_its_header(capsys):
    print_table(COLUMNS, [])
    assert capsys.readouterr().out == "kind  count  what it is\n"


def test_on_a_terminal_long_cells_are_wrapped_not_truncated(terminal):
    print_table(COLUMNS, ROWS, numbers=("count",))
    out = plain(terminal.readouterr().out)
    assert max(map(len, out.splitlines())) <= 60
    assert "…" not in out
    words = out.split()
    assert all(word in words for row in ROWS for cell in row for word in cell.split())


def test_on_a_narrow_terminal_no_number_is_truncated(terminal):
    values = [f"{place}23456.5" for place in range(5)]
    columns = ["case", *(f"n{place}" for place in range(5))]
    print_table(columns, [("a case with a long name", *values)], numbers=columns[1:])
    words = plain(terminal.readouterr().out).split()
    assert set(values) <= set(words)


def test_on_a_terminal_a_total_is_separated_by_a_line(terminal):
    print_table(["stage", "count"], [("a", "1"), ("total", "1")], total=True)
    lines = plain(terminal.readouterr().out).splitlines()
    assert lines[-1].split() == ["total", "1"]
    assert not lines[-2].strip(" ─")


def test_titles_follow_an_empty_line_and_are_bold_unless_colours_are_disabled(terminal, monkeypatch):
    print_title("Fields")
    assert terminal.readouterr().out == "\n\x1b[1mFields\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    print_title("Fields")
    assert terminal.readouterr().out == "\nFields\n"


HOSTILE = "walk\x1b[2J\n\x9b31m\u202e"


def test_text_from_outside_moves_no_cursor_on_a_terminal(terminal):
    print_table(["a\x1b[2J", "b"], [(HOSTILE, "1"), ("x", HOSTILE)], numbers=["b"], grey=[True, False])
    print_facts([(HOSTILE, HOSTILE)])
    print_title(HOSTILE)
    print_line(HOSTILE)
    out = plain(terminal.readouterr().out)
    assert not re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)
    assert out.endswith("walk\\x1b[2J\\n\\x9b31m\\u202e\n")


def test_nothing_is_printed_without_escaping():
    """Exceptions: the entry prints fixed words before other modules are imported; a launcher escapes its own error."""
    home = Path(zoo.__file__).parent
    printing = ("cli/start.py", "cli/tables.py", "process/lines.py", "training/launch.py")
    allowed = {home / path for path in printing}
    for file in set(home.rglob("*.py")) - allowed:
        calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        named = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
        assert not named, f"{file}: print_line makes text safe, print does not"
