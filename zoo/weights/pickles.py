"""Names that a pickle would call, found by reading its opcodes without running it."""

import pickletools
from collections import deque
from collections.abc import Iterator
from typing import IO

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
