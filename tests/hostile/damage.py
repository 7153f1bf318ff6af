"""Seeded damage: to the bytes of a file, to the kind of file, and to the structure of plain data."""

import copy
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from json_paths import places

WAYS = ("cut", "empty", "flip", "junk", "twice", "folder", "loop", "pipe", "gone", "unreadable")
"""What happens to files on disks and in other hands; who may read everything finds the last one whole."""

WORDS = ["", "null", "x", ".", "..", "\ud800", "\x00", "a\nb", "\x1b[2J", "é" * 5000, "/dev/zero", "/etc/passwd", "=1"]
NUMBERS = [0, -1, 1, 2, 3, 7, 64, 1000, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.5, 1e-300, 1e308, -0.0]
OTHERS: list[Any] = [None, True, False, [], {}, [[[[]]]], {"kind": {}}, {"": {"": []}}, float("nan"), float("inf")]


def damage(path: Path, way: str, draw: random.Random) -> None:
    """Damage the file ``path`` in one of ``WAYS``; its old content is lost."""
    content = path.read_bytes()
    if way in ("folder", "loop", "pipe", "gone"):
        path.unlink()
    match way:
        case "cut":
            path.write_bytes(content[: draw.randrange(max(len(content), 1))])
        case "empty":
            path.write_bytes(b"")
        case "flip":
            path.write_bytes(flipped(content, draw))
        case "junk":
            path.write_bytes(draw.randbytes(draw.randrange(1, 2000)))
        case "twice":
            path.write_bytes(content + content[draw.randrange(max(len(content), 1)) :])
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path.name)
        case "pipe":
            os.mkfifo(path)
        case "unreadable":
            path.chmod(0)


def flipped(content: bytes, draw: random.Random) -> bytes:
    """Flip one to sixteen bits of ``content``; half of the time near its start, where headers are."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 4, 16)) if content else 0):
        changed[draw.randrange(min(len(changed), draw.choice((200, len(changed)))))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def mutated(data: Any, draw: random.Random, words: list[str] = WORDS) -> Any:
    """A copy of plain ``data`` with one to four items deleted, renamed, replaced, wrapped, moved or duplicated."""
    changed = copy.deepcopy(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        if ways := places(changed):
            *way, last = draw.choice(ways)
            holder = changed
            for step in way:
                holder = holder[step]
            draw.choice(_MUTATIONS)(holder, last, draw, [*words, *WORDS])
    return changed


def _delete(holder: Any, last: Any, draw: random.Random, words: list[str]) -> None:
    del holder[last]


def _rename(holder: Any, last: Any, draw: random.Random, words: list[str]) -> None:
    if isinstance(holder, dict):
        holder[draw.choice(words)] = holder.pop(last)


def _replace(holder: Any, last: Any, draw: random.Random, words: list[str]) -> None:
    holder[last] = copy.deepcopy(draw.choice(draw.choice((words, NUMBERS, OTHERS))))


def _wrap(holder: Any, last: Any, draw: random.Random, words: list[str]) -> None:
    holder[last] = draw.choice(([holder[last]], {draw.choice(words): holder[last]}, str(holder[last])))


def _move(holder: Any, last: Any, draw: random.Random, words: list[str]) -> None:
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    other = draw.choice(keys)
    holder[last], holder[other] = holder[other], holder[last]


def _double(holder: Any, last: Any, draw: random.Random, words: list[str]) -> None:
    if isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]))
    else:
        holder[draw.choice(words)] = copy.deepcopy(holder[last])


def _nudge(holder: Any, last: Any, draw: random.Random, words: list[str]) -> None:
    value = holder[last]
    if isinstance(value, int | float) and not isinstance(value, bool):
        holder[last] = draw.choice((value + 1, value - 1, value * 10, value // 2, -value, min(value, 1e9) / 3))


_MUTATIONS: tuple[Callable[[Any, Any, random.Random, list[str]], None], ...] = (
    _delete,
    _rename,
    _replace,
    _replace,
    _wrap,
    _move,
    _double,
    _nudge,
    _nudge,
)


def as_text(data: Any, draw: random.Random) -> bytes:
    """``data`` as JSON; its text is damaged a third of the time."""
    text = json.dumps(data, indent=draw.choice((None, 2)), ensure_ascii=draw.choice((True, False)))
    content = text.encode(errors="surrogatepass")
    match draw.randrange(6):
        case 0:
            return flipped(content, draw)
        case 1:
            start = draw.randrange(len(content))
            return content[:start] + content[start + draw.randrange(40) :]
        case _:
            return content


def fresh_copy(source: Path, target: Path) -> Path:
    """``target`` as a new copy of the folder ``source``; links are not followed."""
    if target.exists():
        shutil.rmtree(target)
    return Path(shutil.copytree(source, target, symlinks=True))
