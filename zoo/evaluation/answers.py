"""Stored predictions of one fit of an estimator, so that no window is classified twice."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.io.files import new_file
from zoo.io.npz import open_npz

_LARGEST = 2**30
"""Largest file in bytes: 12 per window."""


class Answers:
    """Classes by digest of the window, in ``path``; ``fit`` describes estimator and training data, as plain data.

    A file of another fit, or a damaged one, counts as empty.
    """

    def __init__(self, path: Path, fit: Mapping[str, Any]) -> None:
        self.path = path
        self.fit = json.dumps(fit, sort_keys=True)
        self.other: dict[str, Any] | None = None
        """The fit of the file, if it is another one."""
        self._known: dict[int, int] = self._stored()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, keys: Sequence[int]) -> list[int | None]:
        """The class of every window, None if not yet predicted."""
        return [self._known.get(key) for key in keys]

    def add(self, keys: Sequence[int], classes: NDArray[np.int64]) -> None:
        """Store predictions, on disk too."""
        self._known.update(zip(keys, classes.tolist(), strict=True))
        windows = np.array(list(self._known), np.uint64)
        said = np.array(list(self._known.values()), np.int32)
        with new_file(self.path) as file:
            np.savez(file, fit=np.array(self.fit), windows=windows, classes=said)

    def forget(self) -> None:
        """Delete all predictions, on disk too."""
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
        except Exception:  # damaged bytes can make the parsers of zip, npy and JSON raise any error: predict again
            return {}
        if other is not None:
            self.other = other
            return {}
        return said
