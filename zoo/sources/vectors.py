"""Vectors of texts in a file: `NAME.npy` with a row per text, and `NAME.json` with the hash of each text."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError, text_hash

from zoo.sources.reading import reading

_HINT = "write both files with `zoo text FILE --rows ROWS.npy --out FOLDER`"
_LARGEST, _LARGEST_MANIFEST = 2**31, 2**26
"""Bytes."""


class Vectors(NamedTuple):
    """``rows (n d)``, one for each text of ``hashes``."""

    hashes: tuple[str, ...]
    rows: NDArray[np.float64]


def manifest_of(texts: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Plain data of the manifest of a file of vectors with a row for each of ``texts``."""
    return {"texts": [{"sha256": text_hash(text), "text": text} for text in texts]}


def read_vectors(path: Path) -> Vectors:
    """The vectors in ``path`` with their manifest beside it. Raises DataError for anything else."""
    manifest, rows = path.with_suffix(".json"), read_rows(path)
    with reading(manifest, "the manifest of a file of vectors", _HINT):
        if manifest.stat().st_size > _LARGEST_MANIFEST:
            raise ValueError(f"more than {_LARGEST_MANIFEST // 2**20} MiB")
        hashes = tuple(str(entry["sha256"]) for entry in json.loads(manifest.read_text(encoding="utf-8"))["texts"])
    if len(hashes) != len(rows):
        found = f"{len(rows):,} rows beside {len(hashes):,} texts in {manifest.name}"
        raise DataError(str(path), "a row per text", found, _HINT)
    if len(set(hashes)) < len(hashes):
        raise DataError(str(manifest), "every text once", f"{len(hashes) - len(set(hashes))} again", _HINT)
    return Vectors(hashes, rows)


def read_rows(path: Path) -> NDArray[np.float64]:
    """The vectors `(n d)` in the .npy file ``path``; raise DataError for another shape or type, and for NaN."""
    hint = "save a matrix of numbers, one row per text, with numpy.save"
    with reading(path, "a .npy file of vectors", hint):
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"more than {_LARGEST // 2**30} GiB")
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or not found.shape[1]:
        shape = f"shape {found.shape}" if isinstance(found, np.ndarray) else "an archive of arrays"
        raise DataError(str(path), "vectors (n d)", shape, hint)
    if found.dtype.kind not in "fiu":
        raise DataError(str(path), "numbers", f"values of type {found.dtype}", hint)
    rows: NDArray[np.float64] = np.asarray(found, np.float64)
    wrong = np.flatnonzero(~np.isfinite(rows).all(1))
    if len(wrong):
        raise DataError(str(path), "finite numbers", f"NaN or infinity in row {wrong[0]}", "compute that vector again")
    return rows
