"""Whether the code that runs is being recorded as a graph."""

import torch


def recording() -> bool:
    """Whether torch.compile, torch.export or torch.jit.trace records a graph that is used with other inputs later.

    A graph cannot branch on values of tensors, nor on the size of the batch.
    """
    return torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]  # torch leaves it untyped
