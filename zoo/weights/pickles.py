"""Names that a pickle would call, found without running it, and plain data in place of harmless objects."""

import pickletools
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import IO, Any

import numpy as np

MAGIC = b"l\xfc\x9cF\xf9 j\xa8P\x19"
"""The magic number, in a separate pickle, at the start of torch files before they were zip archives."""

PICKLES_IN_A_ROW = 5
"""In such a file: the magic number, a version, system information, the object, and the keys of its storages."""

DATA = ("collections.OrderedDict", "collections.Counter", "_codecs.encode", "builtins.set", "__builtin__.set")
TORCH = ("torch", "torch._utils", "torch.serialization", "torch.storage", "torch.nn.parameter", "torch._tensor")
"""Modules of which `weights_only` allows only the functions that build tensors."""


def calls(stream: IO[bytes]) -> Iterator[str]:
    """Full names that the pickle at the position of ``stream`` would import; raises ValueError if it is damaged."""
    pushed: deque[object] = deque(["", ""], maxlen=2)
    memo: dict[object, object] = {}
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name in ("GLOBAL", "INST"):
            yield str(argument).replace(" ", ".")
        elif opcode.name == "STACK_GLOBAL":
            yield f"{pushed[0]}.{pushed[1]}"
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = pushed[1]
        elif "PUT" in opcode.name:
            memo[argument] = pushed[1]
        else:
            pushed.append(memo.get(argument) if "GET" in opcode.name else argument)


def is_data(name: str) -> bool:
    """Whether a name that a pickle calls builds plain data or tensors."""
    return name in DATA or name.rpartition(".")[0] in TORCH


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
