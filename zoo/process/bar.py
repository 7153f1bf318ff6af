"""A progress bar for work that takes windows one after another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Seen = Callable[[int, int], None]
"""Progress callback: number of windows done, and number in all."""


@contextmanager
def bar(label: str) -> Iterator[Seen]:
    """A bar on standard error, drawn where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
