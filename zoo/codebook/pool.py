"""A sample of the tokens' codes, to replace others."""

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor

from zoo.contracts import Quantizer

_SIZE = 8192

Codes = NDArray[np.int64]


class CodePool:
    """Codes `(p q)` of up to 8192 tokens per book, drawn uniformly, whatever the batches.

    Each token draws a number, and those with the smallest stay (reservoir sampling, Vitter 1985).
    """

    def __init__(self, books: int, levels: int, seed: int = 0) -> None:
        self._random = [np.random.default_rng((seed, book)) for book in range(books)]
        self._keys = [np.empty(0) for _ in range(books)]
        self._codes: list[Codes] = [np.empty((0, levels), np.int64) for _ in range(books)]

    def update(self, codes: Tensor, mask: Tensor | None) -> None:
        """Sample from `codes (b c n q)`, of which ``mask (b c n)`` are real."""
        books = len(self._codes)
        rows = rearrange(codes.cpu().numpy(), "b (g c) n q -> g (b c n) q", g=books)
        real = None if mask is None else rearrange(mask.cpu().numpy(), "b (g c) n -> g (b c n)", g=books)
        for book in range(books):
            self._offer(book, rows[book] if real is None else rows[book][real[book]])

    def _offer(self, book: int, codes: Codes) -> None:
        keys = np.concatenate([self._keys[book], self._random[book].random(len(codes))])
        kept = np.argsort(keys, kind="stable")[:_SIZE]
        self._keys[book] = keys[kept]
        self._codes[book] = np.concatenate([self._codes[book], codes])[kept]

    def draw(self, like: Tensor) -> Tensor:
        """Codes of random tokens, in the shape of ``like (b c n q)``; an empty book keeps the codes of ``like``."""
        rows = rearrange(like, "b (g c) n q -> g (b c n) q", g=len(self._codes))
        drawn = torch.stack([self._draw(book, row) for book, row in enumerate(rows)])
        return rearrange(drawn, "g (b c n) q -> b (g c) n q", b=like.shape[0], n=like.shape[2])

    def _draw(self, book: int, like: Tensor) -> Tensor:
        codes = self._codes[book]
        if not len(codes):
            return like
        # Floats are drawn one by one, so that they do not depend on the batches; integers may not be.
        index = (self._random[book].random(len(like)) * len(codes)).astype(np.intp)
        return torch.from_numpy(codes[index]).to(like.device)

    def typical(self, quantizer: Quantizer, device: torch.device) -> Tensor:
        """The codes in the pool whose value is nearest to the mean of all, `(g q)`."""
        rows = max(1, *map(len, self._codes))
        padded = [np.pad(codes, ((0, rows - len(codes)), (0, 0))) for codes in self._codes]
        numbers = torch.from_numpy(np.stack(padded)).to(device)
        real = torch.tensor([len(codes) for codes in self._codes], device=device).clamp(min=1)
        inside = torch.arange(rows, device=device) < real[:, None]
        values = quantizer.decode(numbers[None])[0].double()
        mean = torch.where(inside[..., None], values, 0).sum(1, keepdim=True) / real[:, None, None]
        distance = (values - mean).square().sum(-1).masked_fill(~inside, torch.inf)
        return numbers[torch.arange(len(numbers), device=device), distance.argmin(1)]
