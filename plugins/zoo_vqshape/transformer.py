"""Post-norm transformers (GELU, feed-forward 4 × width, no final norm), as VQShape uses them."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import attention, dropout


class EncoderLayer(nn.TransformerEncoderLayer):
    """Torch's layer, with the same weights and names; its forward makes no copies."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__(dim, heads, 4 * dim, dropout, F.gelu, batch_first=True)

    def forward(self, x: Tensor, keys: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.norm1(x + _drop(self.dropout1, attend(self.self_attn, x, keys=keys)))
        hidden = _drop(self.dropout, F.gelu(self.linear1(x)))
        out: Tensor = self.norm2(x + _drop(self.dropout2, self.linear2(hidden)))
        return out


class DecoderLayer(nn.TransformerDecoderLayer):
    """The same for torch's decoder layer."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__(dim, heads, 4 * dim, dropout, F.gelu, batch_first=True)

    def forward(self, x: Tensor, memory: Tensor, keys: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.norm1(x + _drop(self.dropout1, attend(self.self_attn, x)))
        x = self.norm2(x + _drop(self.dropout2, attend(self.multihead_attn, x, memory, keys)))
        hidden = _drop(self.dropout, F.gelu(self.linear1(x)))
        out: Tensor = self.norm3(x + _drop(self.dropout3, self.linear2(hidden)))
        return out


class Transformer(nn.Module):
    """Self-attention over `(b n d)`; ``keys (b n)`` True = may be attended to, None = all."""

    def __init__(self, dim: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(dim, heads, dropout) for _ in range(layers))

    def forward(self, x: Tensor, keys: Tensor | None = None) -> Tensor:
        for layer in self.layers:
            x = layer(x, keys)
        return x


class CrossTransformer(nn.Module):
    """Queries `(b n d)` attend to each other and to ``memory (b p d)``, where ``keys (b p)`` is True."""

    def __init__(self, dim: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(dim, heads, dropout) for _ in range(layers))

    def forward(self, queries: Tensor, memory: Tensor, keys: Tensor | None = None) -> Tensor:
        for layer in self.layers:
            queries = layer(queries, memory, keys)
        return queries


def attend(
    weights: nn.MultiheadAttention, x: Tensor, memory: Tensor | None = None, keys: Tensor | None = None
) -> Tensor:
    """`(b n d)` attend to ``memory (b p d)``, or to each other; ``keys (b p)`` True = may be attended to, None = all.

    The result equals the output of ``weights``, which have one width and a bias: they are read, not called.
    """
    parts = _within(weights, x) if memory is None else _across(weights, x, memory)
    query, key, value = (rearrange(part, "b n (h e) -> b n h e", h=weights.num_heads) for part in parts)
    found = attention(query, key, value, keys, weights.dropout if weights.training else 0.0)
    out: Tensor = weights.out_proj(rearrange(found, "b n h e -> b n (h e)"))
    return out


def _drop(like: nn.Dropout, x: Tensor) -> Tensor:
    return dropout(x, like.p, like.training)


def _within(weights: nn.MultiheadAttention, x: Tensor) -> tuple[Tensor, ...]:
    return F.linear(x, weights.in_proj_weight, weights.in_proj_bias).chunk(3, -1)


def _across(weights: nn.MultiheadAttention, x: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
    sizes = [weights.embed_dim, 2 * weights.embed_dim]
    of_x, of_memory = torch.split(weights.in_proj_weight, sizes)
    bias_x, bias_memory = torch.split(weights.in_proj_bias, sizes)
    return (F.linear(x, of_x, bias_x), *F.linear(memory, of_memory, bias_memory).chunk(2, -1))
