"""Common alternatives to compare with: a library's quantizer, and torch's distances."""

import pytest
import torch
from torch import Tensor, nn

LIBRARY = "vector-quantize-pytorch"


def library_quantizer(width: int, codes: int) -> nn.Module:
    """Its moving-average codebook with the straight-through gradient; skips where the library is not installed."""
    library = pytest.importorskip("vector_quantize_pytorch", reason=f"pip install {LIBRARY}")
    module: nn.Module = library.VectorQuantize(dim=width, codebook_size=codes, decay=0.99, rotation_trick=False)
    return module


def by_distances(rows: Tensor, codes: Tensor) -> Tensor:
    """The nearest code computed directly: all distances, then the minimum."""
    return torch.cdist(rows, codes).argmin(-1)
