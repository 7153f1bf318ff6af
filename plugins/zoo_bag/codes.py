"""The codebooks of a bag: a module of their own, so that they can be taken from a bag of other data."""

import torch
from torch import Tensor, nn

from zoo_bag.layout import Block, Layout


class Codes(nn.Module):
    """Codebooks `(k e)` by name. Those of one axis fit any number of channels, shared ones also any length.

    They hold zeros while they wait to be learned, so that transferred codes are never learned again.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        for name, size in layout.books.items():
            self.register_buffer(name, torch.zeros(size))

    @property
    def waiting(self) -> bool:
        """Whether no codebook has been learned yet."""
        return not any(bool(book.any()) for book in self.buffers())

    def of(self, block: Block) -> Tensor:
        """The codebook of a ``block`` of codes."""
        assert block.book is not None
        return self.get_buffer(block.book)
