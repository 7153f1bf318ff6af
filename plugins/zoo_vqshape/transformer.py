"""Post-norm transformers (GELU, feed-forward 4 × width, no final norm), as VQShape uses them."""

from torch import Tensor, nn
from torch.nn import functional as F

from zoo_vqshape.attention import attend


class EncoderLayer(nn.TransformerEncoderLayer):
    """Torch's layer, with the same weights and names; its forward makes no copies."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__(dim, heads, 4 * dim, dropout, F.gelu, batch_first=True)

    def forward(self, x: Tensor, keys: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.norm1(x + self.dropout1(attend(self.self_attn, x, keys=keys)))
        hidden = self.dropout(F.gelu(self.linear1(x)))
        out: Tensor = self.norm2(x + self.dropout2(self.linear2(hidden)))
        return out


class DecoderLayer(nn.TransformerDecoderLayer):
    """The same for torch's decoder layer."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__(dim, heads, 4 * dim, dropout, F.gelu, batch_first=True)

    def forward(self, x: Tensor, memory: Tensor, keys: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.norm1(x + self.dropout1(attend(self.self_attn, x)))
        x = self.norm2(x + self.dropout2(attend(self.multihead_attn, x, memory, keys)))
        hidden = self.dropout(F.gelu(self.linear1(x)))
        out: Tensor = self.norm3(x + self.dropout3(self.linear2(hidden)))
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
