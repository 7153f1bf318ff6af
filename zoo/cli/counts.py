"""Output of `zoo train --folds` and `zoo logits`: how many windows the logits classify correctly."""

from collections.abc import Sequence

from zoo.cli.tables import print_table
from zoo.process.lines import print_line
from zoo.teachers.counts import Count


def print_counts(found: Sequence[Count]) -> None:
    """Print a row per split and kind of logits."""
    rows = [(one.split, one.logits, f"{one.correct}/{one.total}", f"{one.accuracy:.3f}") for one in found]
    print_table(["windows", "logits", "correct", "accuracy"], rows, numbers=["correct", "accuracy"])
    print_line()
