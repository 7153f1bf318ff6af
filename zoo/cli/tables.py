"""Output of commands: lines, tables and JSON; control characters in text from outside are escaped.

Tables are drawn by rich on a terminal, and are plain aligned text in a pipe.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Literal

from zoo_registry.escaping import for_json, for_terminal

Row = Sequence[str]


def print_table(
    columns: Row,
    rows: Sequence[Row],
    numbers: Sequence[str] = (),
    total: bool = False,
    wrap: Sequence[str] = (),
    grey: Sequence[bool] = (),
) -> None:
    """Print ``rows`` under ``columns``; those in ``numbers`` are right-aligned; ``total`` separates the last row.

    On a terminal the last column and those in ``wrap`` are wrapped when too long, and rows marked in ``grey`` are
    grey.
    """
    right = [name in numbers for name in columns]
    shown = [[for_terminal(cell) for cell in row] for row in (columns, *rows)]
    if sys.stdout.isatty():
        _draw(shown[0], shown[1:], right, total, [name in wrap for name in columns], grey)
    else:
        _align(shown, right)


def print_json(data: Any) -> None:
    """Print plain data as indented JSON."""
    print(for_json(json.dumps(data, indent=2, ensure_ascii=False)))


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names with their values, aligned."""
    shown = [(for_terminal(name), for_terminal(value)) for name, value in facts]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        print(f"{_emphasis(name.ljust(width))}  {value}")


def print_title(text: str) -> None:
    """Print a line that opens a section, after an empty one."""
    print(f"\n{_emphasis(for_terminal(text))}")


def _emphasis(text: str) -> str:
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def _align(rows: Sequence[Row], right: Sequence[bool]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, right, strict=True)
        print(
            "  ".join(
                cell.rjust(width) if set_right else cell.ljust(width) for cell, width, set_right in cells
            ).rstrip()
        )


def _draw(
    columns: Row,
    rows: Sequence[Row],
    right: Sequence[bool],
    total: bool,
    wrap: Sequence[bool],
    grey: Sequence[bool],
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for index, name in enumerate(columns):
        whole = right[index] or (index < len(columns) - 1 and not wrap[index])
        # A truncated number would look like another number.
        least = max(len(row[index]) for row in (columns, *rows)) if right[index] else None
        side: Literal["right", "left"] = "right" if right[index] else "left"
        table.add_column(name, justify=side, no_wrap=whole, overflow="fold", min_width=least)
    for index, row in enumerate(rows):
        if total and index == len(rows) - 1:
            table.add_section()
        first, *others = row
        dim = index < len(grey) and grey[index]
        table.add_row(Text(first, style="" if dim else "bold cyan"), *map(Text, others), style="dim" if dim else None)
    Console().print(table, crop=False)
