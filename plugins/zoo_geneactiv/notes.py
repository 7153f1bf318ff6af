"""Notes on a damaged file, one sentence per kind of fault."""


class Notes:
    """The first place of every kind of fault, and how often it occurs: a file of any length has a few sentences."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def add(self, fault: str, sentence: str) -> None:
        """Count a ``fault``; its first ``sentence`` is kept."""
        self._first.setdefault(fault, sentence)
        self._count[fault] = self._count.get(fault, 0) + 1

    def complete(self, fault: str, clause: str) -> None:
        """Add a ``clause`` to the sentence of a ``fault`` that occurred."""
        self._first[fault] += f"; {clause}"

    def sentences(self) -> tuple[str, ...]:
        """A sentence per kind of fault, in the order in which they occurred first."""
        more = {fault: count - 1 for fault, count in self._count.items()}
        return tuple(
            text + f" ({more[fault]} more like this)" * (more[fault] > 0) for fault, text in self._first.items()
        )
