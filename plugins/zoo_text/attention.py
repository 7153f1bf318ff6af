"""Attention between the tokens of a series and the actions of its class."""

import math

import torch
from einops import rearrange
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """What each query takes from keys of another kind, scaled dot-product attention without biases (Vaswani et al.
    2017), and the weights with which it does so."""

    def __init__(self, queries: int, keys: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(queries, width, bias=False)
        self.k = nn.Linear(keys, width, bias=False)
        self.v = nn.Linear(keys, width, bias=False)
        self.o = nn.Linear(width, width, bias=False)

    def forward(self, queries: Tensor, keys: Tensor, present: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`(... n q)` and `(... m k)` with ``present (... m) -> (... n d)`` and weights `(... n m)`, mean over heads.

        Keys that are not present have weight 0; so have all if none is.
        """
        q, k, v = (
            rearrange(part, "... n (h d) -> ... h n d", h=self.heads)
            for part in (self.q(queries), self.k(keys), self.v(keys))
        )
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if present is None:
            weights = scores.softmax(-1)
        else:
            absent = ~present[..., None, None, :]
            weights = scores.masked_fill(absent, -torch.inf).softmax(-1).masked_fill(absent, 0)
        found: Tensor = self.o(rearrange(weights @ v, "... h n d -> ... n (h d)"))
        return found, weights.mean(-3)
