"""Normalise text files: byte order marks, line ends, blank lines, comments and spellings of a label."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo_registry import DataError
from zoo_registry.escaping import for_terminal

from zoo.io.scratch import scratch

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""Byte order marks of files that an editor saved as "Unicode"; a UTF-8 mark is removed."""
_LONGEST_LINE = 2**26
"""Characters."""
_COMMENTS = ("#", "%")
_UNDECODED = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of bytes that it cannot decode."""
_WHOLE = re.compile(r"([+-]?\d+)\.0*")


def text_lines(path: Path) -> Iterator[str]:
    """Lines of ``path`` that are not blank, stripped. Raises as ``lines_of`` does."""
    return (words for line in lines_of(path) if (words := line.strip()))


@contextmanager
def plain_copy(path: Path) -> Iterator[Path]:
    """A temporary copy of ``path`` in UTF-8 with only its ``data_lines``. Raises as ``lines_of`` does."""
    with scratch() as folder:
        plain = folder / path.name
        with plain.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in data_lines(path))
        yield plain


def lines_of(path: Path) -> Iterator[str]:
    """Every line of ``path`` with its line end.

    Raises OSError, and DataError with the line where the text is not UTF-8, nor UTF-16 with a byte order mark, or is
    overlong: a file of another kind may have no line ends.
    """
    encoding = encoding_of(path)
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as lines:
        number = 0
        while line := lines.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE:
                found, hint = f"{_LONGEST_LINE:,} characters or more", "is it a text file?"
                raise DataError(f"{path}, line {number}", "a line of text", found, hint)
            if not line.isascii() and (wrong := _UNDECODED.search(line)):
                found, hint = f"the byte {ord(wrong[0]) - 0xDC00:#x}", "save the file as UTF-8"
                raise DataError(f"{path}, line {number}", f"text in {encoding.removesuffix('-sig')}", found, hint)
            yield line


def encoding_of(path: Path) -> str:
    """UTF-8, or UTF-16 if the file has its byte order mark. Raises OSError."""
    with path.open("rb") as file:
        return _MARKS.get(file.read(2), "utf-8-sig")


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
