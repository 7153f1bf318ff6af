"""Normalise text files: byte order marks, line ends, blank lines, comments and spellings of a label."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from zoo_registry import DataError
from zoo_registry.escaping import for_terminal

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""Byte order marks of files that an editor saved as "Unicode"; a UTF-8 mark is removed."""
_LONGEST_LINE = 2**26
"""Characters; a file of another kind may have no line ends."""
_COMMENTS = ("#", "%")
_WHOLE = re.compile(r"([+-]?\d+)\.0*")


def text_lines(path: Path) -> Iterator[str]:
    """Lines of ``path`` that are not blank, stripped.

    Raises OSError, ValueError for an overlong line, and UnicodeDecodeError for a file that is neither UTF-8 nor UTF-16
    with a byte order mark.
    """
    with path.open("rb") as file:
        encoding = _MARKS.get(file.read(2), "utf-8-sig")
    with path.open(encoding=encoding) as lines:
        while line := lines.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE:
                raise ValueError(f"a line of {_LONGEST_LINE:,} characters or more")
            if words := line.strip():
                yield words


def data_lines(path: Path) -> Iterator[str]:
    """Like ``text_lines``, without comments, which may occur between data."""
    return (line for line in text_lines(path) if not line.startswith(_COMMENTS))


def ends_within_a_line(path: Path) -> bool:
    """Whether the last line of ``path`` has no line end, as in an incomplete copy."""
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return True
        file.seek(-1, 2)
        return file.read(1) not in b"\r\n"


def word(text: str) -> str:
    """Canonical form of a label or name: `1.0` is `1`, Unicode is in NFC, and invisible characters, such as terminal
    control characters, become escapes like `\\x1b`.

    Raises UnicodeEncodeError for an unpaired surrogate, which cannot be printed.
    """
    plain = unicodedata.normalize("NFC", text.strip("\ufeff\0 \t\r\n"))
    plain.encode()
    whole = _WHOLE.fullmatch(plain)
    return whole[1] if whole else for_terminal(plain)


def inside(folder: Path, file: str) -> Path:
    """``file`` in ``folder``; raise DataError for a name outside of it."""
    named = Path(file)
    if named.is_absolute() or ".." in named.parts:
        raise DataError(file, f"a file in {folder}", "a path that leads out of it", "copy the file into the folder")
    return folder / named
