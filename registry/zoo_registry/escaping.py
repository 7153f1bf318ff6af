"""Text from outside made safe for where it goes: a terminal, a page or drawing, a table of CSV, JSON on a terminal.

Characters that no reader sees become escapes that everybody sees, such as `\\x1b`: control characters (with ESC they
move the cursor, clear the screen or rename the window), overrides of the writing direction, which show a line in
another order than it has, halves of surrogate pairs, and code points that XML 1.0 forbids.
"""

import json
import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_JOINERS = "\u200c\u200d"
"""Persian, Hindi and emoji are spelt with them."""
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
"""What makes a spreadsheet compute a cell instead of showing it, in full width too."""


def for_terminal(text: str) -> str:
    """``text`` as part of one line: nothing in it moves the cursor, begins a line, or changes the direction."""
    return _escaped(text, "")


def for_markup(text: str) -> str:
    """``text``, or a whole document, for HTML, SVG and XML 1.0; whether `<` is markup is left to who writes it."""
    return _escaped(text, "\n\t")


def for_csv(text: str) -> str:
    """``text`` as a cell that a spreadsheet shows as it is: an apostrophe precedes what begins like a formula.

    Numbers stay numbers, also negative ones.
    """
    plain = _escaped(text, "\n")
    return f"'{plain}" if _FORMULA.match(plain) and not _is_number(plain) else plain


def for_json(document: str) -> str:
    """A JSON ``document`` of the same content whose strings a terminal can show."""
    return "".join(char if char == "\n" or _is_shown(char) else json.dumps(char)[1:-1] for char in document)


def _escaped(text: str, kept: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char in kept or _is_shown(char) else ascii(char)[1:-1] for char in text)


def _is_shown(char: str) -> bool:
    return char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _printable(text: str) -> str:
    if for_terminal(text) != text:
        raise ValueError("Printable characters")
    return text


Name = Annotated[str, AfterValidator(_printable)]
"""A name in a spec that tables, curves and pages show: control characters are refused."""
