"""A file of logits: what a classifier, of the zoo or not, predicts for the windows of a data set.

An .npz file with `logits (n k)`, one row per window of the training split in its order, `classes (k)`, their names, and
the `fingerprint` of the data, as in `run.json`. `validation` and `test` hold the logits of these splits, and may be
missing. `folds (n)` is the fold of each training window, if its logits come from a model that did not see the fold.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError

from zoo.io.files import new_file
from zoo.io.npz import open_npz

_LARGEST = 2**32
Logits = NDArray[np.float32]


@dataclass(frozen=True)
class LogitsFile:
    """Logits of the training split, `train (n k)`, and of the others if known, with names of the k classes.

    ``folds (n)``: the logits are out-of-fold; None for those of a classifier that saw the windows in training.
    """

    train: Logits
    classes: tuple[str, ...]
    fingerprint: str
    validation: Logits | None = None
    test: Logits | None = None
    folds: NDArray[np.int64] | None = None

    @property
    def digest(self) -> str:
        """Hash of all logits."""
        parts = (self.train, self.validation, self.test)
        return sha256(b"".join(b"" if part is None else part.tobytes() for part in parts)).hexdigest()

    def write(self, path: Path) -> None:
        """Write the file atomically; raises OSError."""
        arrays = {"logits": self.train, "classes": np.array(self.classes), "fingerprint": np.array(self.fingerprint)}
        others = {"validation": self.validation, "test": self.test, "folds": self.folds}
        arrays |= {name: array for name, array in others.items() if array is not None}
        path.parent.mkdir(parents=True, exist_ok=True)
        with new_file(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the flag allow_pickle for one of them


def read_logits(path: Path) -> LogitsFile:
    """The file at ``path``; raise DataError if it is not such a file, or holds values that are not finite."""
    hint = "docs/teachers.md describes the file; `zoo logits` writes one"
    if not path.is_file():
        raise DataError(str(path), "a file of logits", "none", "check the path")
    try:
        with open_npz(path, _LARGEST) as arrays:
            missing = sorted({"logits", "classes", "fingerprint"} - set(arrays))
            if missing:
                raise DataError(str(path), f"an array {missing[0]}", f"only {', '.join(sorted(arrays))}", hint)
            given = {name: np.asarray(arrays[name]) for name in arrays}
    except DataError:
        raise
    except Exception as error:  # damaged bytes can make the parsers of zip and npy raise any error
        raise DataError(str(path), "an .npz file of logits", str(error) or type(error).__name__, hint) from None
    classes = tuple(str(name) for name in given["classes"].ravel())
    parts = {name: _checked(path, name, given[name], len(classes)) for name in _PARTS if name in given}
    folds = given.get("folds")
    if folds is not None and folds.shape != parts["logits"].shape[:1]:
        raise DataError(str(path), f"folds of {len(parts['logits'])} windows", str(folds.shape), hint)
    return LogitsFile(
        parts["logits"],
        classes,
        str(given["fingerprint"]),
        parts.get("validation"),
        parts.get("test"),
        None if folds is None else folds.astype(np.int64),
    )


_PARTS = ("logits", "validation", "test")


def _checked(path: Path, name: str, array: NDArray[np.generic], classes: int) -> Logits:
    hint = "write logits (n k) as floating-point numbers, one row per window"
    if array.ndim != 2 or array.shape[1] != classes or array.dtype.kind != "f":
        raise DataError(f"{path}: {name}", f"(n, {classes}) numbers", f"{array.dtype} of shape {array.shape}", hint)
    rows = np.flatnonzero(~np.isfinite(array).all(1))
    if len(rows):
        raise DataError(f"{path}: {name}", "finite numbers", f"others for window {rows[0]}", hint)
    return array.astype(np.float32)
