"""The decoder of VQShape: tokens with attributes to a series, and each token to its shape."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import (
    CodeTable,
    Decoded,
    Decoder,
    Interpolate,
    Losses,
    Resizing,
    Tokens,
    masked_mse,
)
from zoo_vqshape.shapes import ShapeDecoder
from zoo_vqshape.targets import true_shapes
from zoo_vqshape.transformer import Transformer


class AttributeEncoder(nn.Module):
    """Tokens `(b c n e)` with mu, sigma, t and l to the width of the transformer, `(b c n d)`."""

    def __init__(self, code_dim: int, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(code_dim + 4, dim)

    def forward(self, tokens: Tokens) -> Tensor:
        assert tokens.attributes is not None
        t, length, mu, sigma = tokens.attributes
        out: Tensor = self.project(torch.cat([tokens.values, torch.stack([mu, sigma, t, length], -1)], -1))
        return out


class VQShapeDecoder(Decoder):
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

        A ``table`` is used where decoding its rows, or those of them that tokens have, takes less than every token.
        """
        assert tokens.attributes is not None
        shapes = self.shapes.draw(tokens.values, table)
        shapes = shapes * tokens.attributes.sigma.unsqueeze(-1) + tokens.attributes.mu.unsqueeze(-1)
        return Decoded(self._series(tokens), shapes)

    def _series(self, tokens: Tokens) -> Tensor:
        channels = tokens.values.shape[1]
        x = rearrange(self.attr_encoder(tokens), "b c n d -> (b c) n d")
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1)
        keys = None if tokens.mask is None else F.pad(tokens.mask.flatten(0, 1), (1, 0), value=True)
        x = self.out_layer(self.transformer(x, keys)[:, 1:])
        series: Tensor = rearrange(x, "(b c) n w -> b c (n w)", c=channels)
        return series

    def losses(self, decoded: Decoded, tokens: Tokens, series: Tensor, mask: Tensor | None = None) -> Losses:
        """``s``: mean squared error of the shapes against the stretches of ``series`` that t and l point at."""
        assert tokens.attributes is not None
        assert decoded.shapes is not None
        true, observed = self.targets(tokens, series, mask, decoded.shapes.shape[-1])
        if tokens.mask is not None:
            real = tokens.mask.unsqueeze(-1).expand_as(true)
            observed = real if observed is None else real & observed
        return {"s": masked_mse(decoded.shapes, true, observed)}

    @torch.no_grad()
    def targets(
        self, tokens: Tokens, series: Tensor, mask: Tensor | None, samples: int
    ) -> tuple[Tensor, Tensor | None]:
        """Stretches of ``series (b c t)`` that the shapes stand for, `(b c n s)`, and which samples were observed."""
        return true_shapes(tokens, series, mask, samples, self.shapes.smooth)

    def resizing(self) -> Resizing:
        rules = {
            "out_layer": Interpolate("samples of a token"),
        }
        return Resizing(rules, ("transformer.layers",)) | self.shapes.resizing().within("shapes")
