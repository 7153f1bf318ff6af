"""Printed lines, escaped for terminals, and the exit status of a user's mistake."""

import sys
import warnings
from typing import TextIO

from zoo_registry import ZooNote
from zoo_registry.escaping import for_terminal
from zoo_registry.redacted import redacted

MISTAKE = 2
"""Exit status for a user's mistake."""


def print_line(text: str = "", error: bool = False) -> None:
    """Print ``text`` as one line, or an empty line; on standard error if ``error``."""
    print(for_terminal(text), file=sys.stderr if error else sys.stdout)


def complain(line: str) -> int:
    """Print an error on standard error, without secrets, and return the exit status of a mistake."""
    print_line(f"zoo: {redacted(line)}", error=True)
    return MISTAKE


def print_note(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning, as `warnings.showwarning` does; a ZooNote on one line."""
    if issubclass(category, ZooNote):
        print_line(f"zoo: note: {redacted(str(message))}", error=True)
    else:
        for text in warnings.formatwarning(message, category, filename, lineno, line).splitlines():
            print_line(text, error=True)
