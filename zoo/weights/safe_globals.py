"""Plain-data replacements for harmless non-tensor objects in checkpoints, so that the original objects are never
built."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

import numpy as np

_PLAIN = re.compile(r"[biuf][1248]")


class Dtype:
    """A numpy type as a pickle describes it: a code such as f8, then its byte order."""

    def __init__(self, code: str, *_: object) -> None:
        if not _PLAIN.fullmatch(code):
            raise ValueError(f"no plain number: {code!r}")
        self.code = code
        self.order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = {"<": "<", ">": ">"}.get(state[1], "=")


def number(kind: Dtype, raw: bytes) -> float | int | bool:
    """A numpy scalar as a Python number."""
    found: float | int | bool = np.frombuffer(raw, np.dtype(kind.order + kind.code)).item()
    return found


def path(*parts: str) -> str:
    """A path as text."""
    return str(PurePosixPath(*parts))


def safe_globals() -> dict[str, Callable[..., Any]]:
    """The replacement for each name that a pickle may call."""
    paths = [
        f"{module}.{name}"
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
    ]
    dictionaries = [
        f"{package}.AttributeDict"
        for package in (
            "lightning.fabric.utilities.data",
            "lightning.pytorch.utilities.parsing",
            "lightning_fabric.utilities.data",
            "pytorch_lightning.utilities.parsing",
        )
    ]
    return {
        "argparse.Namespace": SimpleNamespace,
        "types.SimpleNamespace": SimpleNamespace,
        "numpy.dtype": Dtype,
        "numpy.core.multiarray.scalar": number,
        "numpy._core.multiarray.scalar": number,
        **dict.fromkeys(paths, path),
        **dict.fromkeys(dictionaries, dict),
    }
