"""Post-norm transformers (GELU, feed-forward 4 × width, no final norm), as VQShape uses them."""

from torch import Tensor, nn


class Transformer(nn.Module):
    """Self-attention over `(b n d)`; ``keys (b n)`` True = may be attended to, None = all."""

    def __init__(self, dim: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, heads, 4 * dim, dropout, nn.functional.gelu, batch_first=True)
            for _ in range(layers)
        )

    def forward(self, x: Tensor, keys: Tensor | None = None) -> Tensor:
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=None if keys is None else ~keys)
        return x


class CrossTransformer(nn.Module):
    """Queries `(b n d)` attend to one another and to ``memory (b p d)``, of which ``keys (b p)`` may be read."""

    def __init__(self, dim: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerDecoderLayer(dim, heads, 4 * dim, dropout, nn.functional.gelu, batch_first=True)
            for _ in range(layers)
        )

    def forward(self, queries: Tensor, memory: Tensor, keys: Tensor | None = None) -> Tensor:
        for layer in self.layers:
            queries = layer(queries, memory, memory_key_padding_mask=None if keys is None else ~keys)
        return queries
