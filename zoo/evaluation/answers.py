"""What one fit of an estimator said of windows, kept as numbers: a window that it read once is not read again."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.io.files import new_file
from zoo.io.npz import open_npz

_LARGEST = 2**30
"""Bytes of the answers: 12 a window."""


class Answers:
    """Classes by digest of the window, in ``path``; ``fit`` says what was fitted on what, as plain data.

    A file that is of another fit, or is damaged, counts as empty.
    """

    def __init__(self, path: Path, fit: Mapping[str, Any]) -> None:
        self.path = path
        self.fit = json.dumps(fit, sort_keys=True)
        self.other: dict[str, Any] | None = None
        """The fit that the file speaks of, where that is another one."""
        self._known: dict[int, int] = self._stored()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, keys: Sequence[int]) -> list[int | None]:
        """The class of every window, None where it has not been read."""
        return [self._known.get(key) for key in keys]

    def add(self, keys: Sequence[int], classes: NDArray[np.int64]) -> None:
        """Keep what was said of windows, on disk too."""
        self._known.update(zip(keys, classes.tolist(), strict=True))
        windows = np.array(list(self._known), np.uint64)
        said = np.array(list(self._known.values()), np.int32)
        with new_file(self.path) as file:
            np.savez(file, fit=np.array(self.fit), windows=windows, classes=said)

    def forget(self) -> None:
        """Take nothing of what was said before, on disk neither."""
        self._known = {}
        self.path.unlink(missing_ok=True)

    def _stored(self) -> dict[int, int]:
        if not self.path.is_file():
            return {}
        try:
            with open_npz(self.path, _LARGEST) as file:
                fit, windows, classes = str(file["fit"]), file["windows"].tolist(), file["classes"].tolist()
            said = dict(zip(windows, classes, strict=True))
            other = None if fit == self.fit else json.loads(fit)
        except Exception:  # whatever changed bytes make the parsers of zip, npy and JSON raise: ask anew
            return {}
        if other is not None:
            self.other = other
            return {}
        return said
