"""Text of other people's files as one form: marks, line ends, blank lines, comments and ways to write a label."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from zoo_registry import DataError
from zoo_registry.escaping import for_terminal

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""What opens a file that an editor saved as "Unicode"; the mark of UTF-8 is taken off where there is one."""
_LONGEST_LINE = 2**26
"""Characters; a file of another kind may have no end of line at all."""
_COMMENTS = ("#", "%")
_WHOLE = re.compile(r"([+-]?\d+)\.0*")


def text_lines(path: Path) -> Iterator[str]:
    """Lines of ``path`` that say something, without the space around them.

    Raises OSError, ValueError for a line that is no line, and UnicodeDecodeError for a file that is neither UTF-8 nor
    UTF-16 with its mark.
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
    """As ``text_lines``, without comments, which may stand between data."""
    return (line for line in text_lines(path) if not line.startswith(_COMMENTS))


def ends_within_a_line(path: Path) -> bool:
    """Whether the last line of ``path`` is not ended, as where a copy stopped."""
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return True
        file.seek(-1, 2)
        return file.read(1) not in b"\r\n"


def word(text: str) -> str:
    """A label or name as it is compared and shown: `1.0` is `1`, accents are written in one way (NFC), and characters
    that nobody sees, such as those that control a terminal, become escapes like `\\x1b`.

    Raises UnicodeEncodeError for half of a pair of surrogates, which nothing could print.
    """
    plain = unicodedata.normalize("NFC", text.strip("\ufeff\0 \t\r\n"))
    plain.encode()
    whole = _WHOLE.fullmatch(plain)
    return whole[1] if whole else for_terminal(plain)


def inside(folder: Path, file: str) -> Path:
    """``file`` in ``folder``; raise DataError for a name that leads out of it."""
    named = Path(file)
    if named.is_absolute() or ".." in named.parts:
        raise DataError(file, f"a file in {folder}", "a path that leads out of it", "copy the file into the folder")
    return folder / named
