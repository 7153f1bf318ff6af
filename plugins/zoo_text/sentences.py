"""Vectors of texts by a sentence-transformers model that lies in a folder; imports torch."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_PARTS = ("modules.json", "config.json")
"""A model of sentence-transformers, or one of transformers, whose vectors are then averaged over words."""
_HINT = "download the model on a machine with a network, and copy its whole folder"


def encode(folder: Path, texts: Sequence[str]) -> NDArray[np.float64]:
    """The model's vector of each text, `(n d)`, computed on the CPU.

    Raises DataError if ``folder`` does not hold a whole model, or the package is not installed.
    """
    expected = "the folder of a sentence-transformers model"
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise DataError(str(folder), f"{expected}; nothing is downloaded", found, _HINT)
    if not any((folder / part).is_file() for part in _PARTS):
        raise DataError(str(folder), expected, f"no {' and no '.join(_PARTS)}", _HINT)
    if find_spec("sentence_transformers") is None:
        hint = 'pip install "shapezoo[text]"'
        raise DataError("text.sentence", "the package sentence-transformers", "none", hint)
    try:
        with _offline():
            from sentence_transformers import SentenceTransformer

            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
            rows = model.encode(list(texts), convert_to_numpy=True, show_progress_bar=False)
    except Exception as error:  # a damaged folder can raise anything
        raise DataError(str(folder), "a whole model", f"{type(error).__name__}: {error}", _HINT) from None
    return np.asarray(rows, np.float64)


@contextmanager
def _offline() -> Iterator[None]:
    """Forbid the libraries to look for missing parts of a model elsewhere; they read this when they are imported."""
    before = {name: os.environ.get(name) for name in _OFFLINE}
    os.environ.update(dict.fromkeys(_OFFLINE, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
