"""The decoder of VQShape: maps tokens with attributes to a series, and each token to its shape."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import (
    CodeTable,
    Decoded,
    Interpolate,
    Resizing,
    Tokens,
)
from zoo_vqshape.drawing import DrawsShapes
from zoo_vqshape.shapes import ShapeDecoder
from zoo_vqshape.transformer import Transformer


class AttributeEncoder(nn.Module):
    """Tokens `(b c n e)` with mu, sigma, t and l to the width of the transformer, `(b c n d)`."""

    def __init__(self, code_dim: int, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(code_dim + 4, dim)

    def forward(self, tokens: Tokens) -> Tensor:
        read = [tokens.attributes[name] for name in ("mu", "sigma", "t", "l")]
        out: Tensor = self.project(torch.cat([tokens.values, torch.stack(read, -1)], -1))
        return out


class VQShapeDecoder(DrawsShapes):
    """Tokens of width ``code_dim`` to ``samples`` samples each, and to shapes of ``shape_samples``.

    Tensor names follow the public release of VQShape, whose shape decoder is ``shapes``.
    """

    def __init__(
        self,
        *,
        code_dim: int,
        samples: int,
        dim: int,
        heads: int,
        layers: int,
        shape_samples: int,
        smooth: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.attr_encoder = AttributeEncoder(code_dim, dim)
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.transformer = Transformer(dim, heads, layers, dropout)
        self.out_layer = nn.Linear(dim, samples)
        self.shapes = ShapeDecoder(code_dim, shape_samples, smooth)

    def forward(self, tokens: Tokens, table: CodeTable | None = None) -> Decoded:
        """`(b c n d)` to series `(b c t)` and shapes `(b c n s)`; padded tokens are not attended to.

        A ``table`` is used if decoding its rows, or the rows in use, costs less than decoding every token.
        """
        return Decoded(self._series(tokens), self.drawn(tokens, table))

    def _series(self, tokens: Tokens) -> Tensor:
        channels = tokens.values.shape[1]
        x = rearrange(self.attr_encoder(tokens), "b c n d -> (b c) n d")
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1)
        keys = None if tokens.mask is None else F.pad(tokens.mask.flatten(0, 1), (1, 0), value=True)
        x = self.out_layer(self.transformer(x, keys)[:, 1:])
        series: Tensor = rearrange(x, "(b c) n w -> b c (n w)", c=channels)
        return series

    def resizing(self) -> Resizing:
        rules = {
            "out_layer": Interpolate("samples of a token"),
        }
        return Resizing(rules, ("transformer.layers",)) | self.shapes.resizing().within("shapes")
