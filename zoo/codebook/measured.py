"""A measured codebook: what was found, and the books that pictures are drawn of."""

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.codebook.book import Book
from zoo.codebook.report import CodebookReport


@dataclass(frozen=True)
class Measured:
    """What was found of a codebook, and the books it was found of."""

    report: CodebookReport
    books: Sequence[Book]
    classes: tuple[str, ...]
