"""Escape untrusted text for its target: a terminal, a page or drawing, Markdown, a CSV table, or JSON on a terminal.

Invisible characters become visible escapes such as `\\x1b`. These are control characters (with ESC they move the
cursor, clear the screen or rename the window), overrides of the writing direction, which display a line in another
order, unpaired surrogates, and code points that XML 1.0 forbids.
"""

import json
import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_JOINERS = "\u200c\u200d"
"""Allowed: Persian, Hindi and emoji need them."""
_UNUSUAL = re.compile(r"[^ -~]")
_UNUSUAL_IN_LINES = re.compile(r"[^ -~\n\t]")
"""Characters that need a check; most of a document does not."""
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#|~&!$^=]")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
"""The start of a cell that a spreadsheet evaluates as a formula, in full-width form too."""


def for_terminal(text: str) -> str:
    """``text`` for use within one line: it cannot move the cursor, start a line, or change the writing direction."""
    return _UNUSUAL.sub(_shown, text)


def for_markup(text: str) -> str:
    """``text``, or a whole document, for HTML, SVG and XML 1.0; the caller must escape `<`."""
    return _UNUSUAL_IN_LINES.sub(_shown, text)


def for_markdown(text: str) -> str:
    """``text`` within one line or cell of a Markdown document, without links, HTML or other markup."""
    return _MARKUP.sub(r"\\\g<0>", for_terminal(text))


def for_csv(text: str) -> str:
    """``text`` as a cell that a spreadsheet shows unchanged: text that starts like a formula gets a leading apostrophe.

    Numbers, including negative ones, stay numbers.
    """
    plain = for_terminal(text)
    return f"'{plain}" if _FORMULA.match(plain) and not _is_number(plain) else plain


def for_json(document: str) -> str:
    """The JSON ``document`` with the same content and strings that are safe on a terminal."""
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
"""A name in a spec that is shown in tables, curves and pages; control characters are refused."""
