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
_UNUSUAL = re.compile(r"[^ -~]")
_UNUSUAL_IN_LINES = re.compile(r"[^ -~\n\t]")
"""What is looked at; of documents, most is not."""
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
"""What makes a spreadsheet compute a cell instead of showing it, in full width too."""


def for_terminal(text: str) -> str:
    """``text`` as part of one line: nothing in it moves the cursor, begins a line, or changes the direction."""
    return _UNUSUAL.sub(_shown, text)


def for_markup(text: str) -> str:
    """``text``, or a whole document, for HTML, SVG and XML 1.0; whether `<` is markup is left to who writes it."""
    return _UNUSUAL_IN_LINES.sub(_shown, text)


def for_csv(text: str) -> str:
    """``text`` as a cell that a spreadsheet shows as it is: an apostrophe precedes what begins like a formula.

    Numbers stay numbers, also negative ones.
    """
    plain = for_terminal(text)
    return f"'{plain}" if _FORMULA.match(plain) and not _is_number(plain) else plain


def for_json(document: str) -> str:
    """A JSON ``document`` of the same content whose strings a terminal can show."""
    return _UNUSUAL_IN_LINES.sub(lambda c: c[0] if _is_shown(c[0]) else json.dumps(c[0])[1:-1], document)


def _shown(char: re.Match[str]) -> str:
    return char[0] if _is_shown(char[0]) else ascii(char[0])[1:-1]


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
