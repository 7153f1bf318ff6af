"""A measured codebook as files in the run's folder: the report, its arrays, and pictures."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from zoo_registry import DataError, ZooError

from zoo.codebook.book import Book, Measured
from zoo.codebook.report import CodebookReport
from zoo.codebook.score import DEFINITION
from zoo.codebook.shapes import Array
from zoo.evaluation.usage_report import UsageReport
from zoo.io.files import write_bytes, write_json
from zoo.io.npz import open_npz
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_result, validated

_LARGEST = 2**30
"""Bytes of all arrays."""


def write_measured(folder: RunFolder, measured: Measured, facts: Mapping[str, Any]) -> None:
    """Write codebook.json, ``facts`` before the report, codebook.npz beside it, and the pictures.

    Pictures are drawn before the first file is written; each file is written atomically, the report last.
    """
    from zoo.codebook.pictures import action_pictures, pictures  # imports matplotlib, which takes a second

    target = folder.codebook(measured.report.split)
    arrays = _packed(measured)
    every = [*pictures(measured), *action_pictures(measured)]
    drawn = {name: content for picture in every for name, content in picture.files().items()}
    for name, content in drawn.items():
        write_bytes(folder.figures / name, content)
    write_bytes(target.with_suffix(".npz"), arrays)
    write_json(target, {**facts, **measured.report.model_dump(mode="json")})


def read_measured(folder: RunFolder, split: str = "test") -> Measured:
    """Read the files of `zoo codebook` in ``folder``; raises DataError if they are missing or damaged."""
    path, again = folder.codebook(split), f"zoo codebook {folder.path}"
    if not path.exists() or not path.with_suffix(".npz").exists():
        raise DataError(str(path), "what `zoo codebook` writes, with its .npz", "none", f"run `{again}`")
    return _with_arrays(validated(path, CodebookReport, read_result(path), again), path.with_suffix(".npz"), again)


def stored_report(folder: RunFolder) -> CodebookReport | None:
    """Content of `codebook.json`; None if it is missing, of other weights or data, or has a score of another
    definition.

    Raises DataError for a damaged file.
    """
    report = folder.result(folder.codebook("test"), CodebookReport, "zoo codebook")
    return report if report is not None and report.definition == DEFINITION else None


def stored_codebook(folder: RunFolder) -> Measured | None:
    """The stored codebook of the test split; None, or DataError, as `stored_report` says."""
    report, arrays = stored_report(folder), folder.codebook("test").with_suffix(".npz")
    if report is None or not arrays.exists():
        return None
    return _with_arrays(report, arrays, f"zoo codebook {folder.path}")


def _with_arrays(report: CodebookReport, path: Path, again: str) -> Measured:
    """``report`` with the arrays in ``path``; raises DataError if they are damaged."""
    try:
        with open_npz(path, _LARGEST) as stored:
            books = [_book(book.usage, number, stored) for number, book in enumerate(report.books)]
            texts = tuple(map(str, stored["texts"])) if "texts" in stored else ()
            return Measured(report, books, tuple(map(str, stored["names"])), texts)
    except ZooError:
        raise
    except Exception as error:  # damaged bytes can make the parsers of zip and npy raise any error
        raise DataError(str(path), "what `zoo codebook` writes", type(error).__name__, f"run `{again}`") from None


def _packed(measured: Measured) -> bytes:
    """Arrays as an .npz file: ``names`` of classes, ``texts`` of actions, and the arrays of each book as `codes_0`,
    `shapes_0` and so on."""
    arrays: dict[str, Array] = {"names": np.array(measured.classes, dtype=np.str_)}
    if measured.texts:
        arrays["texts"] = np.array(measured.texts, dtype=np.str_)
    for number, book in enumerate(measured.books):
        held = {
            "codes": book.codes,
            "classes": book.classes,
            "starts": book.starts,
            "lengths": book.lengths,
            "shapes": book.shapes,
            "axes": np.array(book.axes),
            "actions": book.actions,
        }
        arrays |= {f"{name}_{number}": array for name, array in held.items() if array is not None}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _book(usage: UsageReport, number: int, stored: Mapping[str, Array]) -> Book:
    return Book(
        usage=usage,
        codes=stored[f"codes_{number}"],
        classes=stored[f"classes_{number}"],
        starts=stored.get(f"starts_{number}"),
        lengths=stored.get(f"lengths_{number}"),
        shapes=stored.get(f"shapes_{number}"),
        axes=int(stored.get(f"axes_{number}", 1)),
        actions=stored.get(f"actions_{number}"),
    )
