"""Attention with the weights of torch's module; it keeps the memory layout of its inputs, which torch's module
copies."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F


def attend(
    weights: nn.MultiheadAttention, x: Tensor, memory: Tensor | None = None, keys: Tensor | None = None
) -> Tensor:
    """`(b n d)` attend to ``memory (b p d)``, or to each other; ``keys (b p)`` True = may be attended to, None = all.

    The result equals the output of ``weights``, which have one width and a bias: they are read, not called.
    """
    parts = _within(weights, x) if memory is None else _across(weights, x, memory)
    query, key, value = (rearrange(part, "b n (h e) -> b h n e", h=weights.num_heads) for part in parts)
    mask = None if keys is None else keys[:, None, None]
    dropout = weights.dropout if weights.training else 0.0
    found = F.scaled_dot_product_attention(query, key, value, mask, dropout)
    out: Tensor = weights.out_proj(rearrange(found, "b h n e -> b n (h e)"))
    return out


def _within(weights: nn.MultiheadAttention, x: Tensor) -> tuple[Tensor, ...]:
    return F.linear(x, weights.in_proj_weight, weights.in_proj_bias).chunk(3, -1)


def _across(weights: nn.MultiheadAttention, x: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
    sizes = [weights.embed_dim, 2 * weights.embed_dim]
    of_x, of_memory = torch.split(weights.in_proj_weight, sizes)
    bias_x, bias_memory = torch.split(weights.in_proj_bias, sizes)
    return (F.linear(x, of_x, bias_x), *F.linear(memory, of_memory, bias_memory).chunk(2, -1))
