"""A measured codebook: the report, and the books for its pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.codebook.book import Book
from zoo.codebook.report import CodebookReport


@dataclass(frozen=True)
class Measured:
    """The report of a codebook, and its books."""

    report: CodebookReport
    books: Sequence[Book]
    classes: tuple[str, ...]
