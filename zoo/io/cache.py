"""The folder for what can be made again: in the user's cache, or where ZOO_CACHE says."""

import os
import sys
from contextlib import suppress
from pathlib import Path

VARIABLE = "ZOO_CACHE"


def cache_folder() -> Path:
    """`$ZOO_CACHE` if that is set, else `shapezoo` where the system keeps caches; it may not exist.

    On Linux that is `$XDG_CACHE_HOME` or `~/.cache`, on macOS `~/Library/Caches`, on Windows `%LOCALAPPDATA%`.
    """
    given = os.environ.get(VARIABLE)
    return Path(given).expanduser().absolute() if given else _caches() / "shapezoo"


def cache_size() -> int:
    """Bytes that the files in it take."""
    size = 0
    for file in cache_folder().rglob("*"):
        with suppress(OSError):  # another process may remove it
            size += file.stat().st_size if file.is_file() else 0
    return size


def _caches() -> Path:
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given) if Path(given).is_absolute() else home / ".cache"  # the standard ignores relative paths
