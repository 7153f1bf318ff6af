"""What a pickle would call, found by reading its opcodes; nothing of it is run."""

import pickletools
from collections import deque
from collections.abc import Iterator
from typing import IO

MAGIC = b"l\xfc\x9cF\xf9 j\xa8P\x19"
"""The number that torch's files began with before they were zip archives, in a pickle of its own."""

PICKLES_IN_A_ROW = 5
"""In such a file: that number, a version, facts on the machine, the object, and the keys of its storages."""

DATA = ("collections.OrderedDict", "collections.Counter", "_codecs.encode", "builtins.set", "__builtin__.set")
TORCH = ("torch", "torch._utils", "torch.serialization", "torch.storage", "torch.nn.parameter", "torch._tensor")
"""Modules of which `weights_only` itself lets through what makes tensors, and nothing else."""


def calls(stream: IO[bytes]) -> Iterator[str]:
    """Full names of what the pickle at the place of ``stream`` would import; raises ValueError where it is damaged."""
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
    """Whether what a pickle calls makes plain data or tensors."""
    return name in DATA or name.rpartition(".")[0] in TORCH
