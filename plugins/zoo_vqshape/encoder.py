"""The encoder of VQShape: patches, a transformer over them, and queries that read tokens out of it."""

import torch
from einops import rearrange
from torch import Tensor, nn

from zoo.contracts import Encoder, Interpolate, Losses, ResampleInputs, Resizing, Tokens
from zoo_vqshape.attributes import AttributeHeads, crowding
from zoo_vqshape.patches import LeaveOut, Patches, readable
from zoo_vqshape.transformer import CrossTransformer, Transformer


class Positions(nn.Module):
    """A learned vector per patch, added to `(b p d)`."""

    def __init__(self, count: int, dim: int) -> None:
        super().__init__()
        self.positional_embeddings = nn.Embedding(count, dim)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.positional_embeddings.weight


class Tokenizer(nn.Module):
    """Learned queries that summarise patches `(b p d)` as ``count`` tokens `(b n d)`."""

    def __init__(self, count: int, dim: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.randn(1, count, dim))
        self.transformer = CrossTransformer(dim, heads, layers, dropout)

    def forward(self, patches: Tensor, keys: Tensor | None = None) -> Tensor:
        queries = self.tokens.expand(patches.shape[0], -1, -1)
        tokens: Tensor = self.transformer(queries, patches, keys)
        return tokens


class VQShapeEncoder(Encoder):
    """Series `(b c t)`, each channel by itself, to ``tokens`` of width ``code_dim`` with attributes.

    ``shortest`` is the least length of a shape as a share of the series, ``mask_ratio`` the share of embedded patches
    left out while training. Tensor names follow the public release of VQShape.
    """

    def __init__(
        self,
        *,
        length: int,
        patches: int,
        patch: int,
        step: int,
        tokens: int,
        dim: int,
        heads: int,
        layers: int,
        tokenizer_heads: int,
        tokenizer_layers: int,
        code_dim: int,
        mask_ratio: float,
        shortest: float,
        dropout: float,
    ) -> None:
        super().__init__()
        self.shortest = shortest
        self.cut = Patches(length, patches, patch, step)
        self.input_project = nn.Linear(patch, dim)
        self.pos_embed = Positions(patches, dim)
        self.leave_out = LeaveOut(patches, mask_ratio)
        self.transformer = Transformer(dim, heads, layers, dropout)
        self.tokenizer = Tokenizer(tokens, dim, tokenizer_heads, tokenizer_layers, dropout)
        self.attr_decoder = AttributeHeads(dim, code_dim, shortest)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        """`(b c t)` with ``mask (b c t)`` True = observed `-> (b c n d)`; every token is real.

        A patch that holds an unobserved sample is attended to only in a series that has no whole patch.
        """
        keys = None
        if mask is not None:
            x, keys = torch.where(mask, x, 0), readable(self.cut(mask))
        patches = self.pos_embed(self.input_project(self.cut(x)))
        if self.training:
            patches, keys = self.leave_out(patches, keys)
        tokens = self.tokenizer(self.transformer(patches, keys), keys)
        values, attributes = self.attr_decoder(rearrange(tokens, "(b c) n d -> b c n d", c=x.shape[1]))
        return Tokens(values, attributes=attributes)

    def losses(self, tokens: Tokens) -> Losses:
        """``dist``, after the public release."""
        assert tokens.attributes is not None
        return {"dist": crowding(tokens.attributes, self.shortest, tokens.mask)}

    def resizing(self) -> Resizing:
        rules = {
            "input_project": ResampleInputs("patches"),
            "pos_embed.positional_embeddings": Interpolate("positions"),
            "tokenizer": Interpolate("queries", axis=1),
        }
        return Resizing(rules, ("transformer.layers", "tokenizer.transformer.layers"))
