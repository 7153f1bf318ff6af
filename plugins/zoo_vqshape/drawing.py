"""Common part of both decoders: a network that draws a shape per token, and the loss term against its stretch."""

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts import CodeTable, Decoded, Decoder, Losses, Tokens, masked_mse, read_stretches, required
from zoo_vqshape.shapes import ShapeNetwork


class DrawsShapes(Decoder):
    """A decoder whose network ``shapes`` draws a normalised shape for every token."""

    shapes: ShapeNetwork

    @property
    def reads_table(self) -> bool:
        """If its network does."""
        return self.shapes.reads_table

    def drawn(self, tokens: Tokens, table: CodeTable | None) -> Tensor:
        """Shapes `(b c n s)` of the values of ``tokens``, times sigma, plus mu."""
        mu, sigma = (tokens.attributes[name].unsqueeze(-1) for name in ("mu", "sigma"))
        return self.shapes.draw(tokens.values, table) * sigma + mu

    def losses(self, decoded: Decoded, tokens: Tokens, series: Tensor, mask: Tensor | None = None) -> Losses:
        """``s``: mean squared error of the shapes against the stretches of ``series`` given by t and l."""
        drawn = required(decoded.shapes, "decoder", "compare shapes")
        true, observed = self.targets(tokens, series, mask, drawn.shape[-1])
        drawn, true = self.compared(drawn, true, observed, series, mask)
        if tokens.mask is not None:
            real = tokens.mask.unsqueeze(-1).expand_as(true)
            observed = real if observed is None else real & observed
        return {"s": masked_mse(drawn, true, observed)}

    def compared(
        self, drawn: Tensor, true: Tensor, observed: Tensor | None, series: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The two tensors that ``s`` compares: shapes and stretches `(b c n s)` unchanged, unless overridden."""
        return drawn, true

    @torch.no_grad()
    def targets(
        self, tokens: Tokens, series: Tensor, mask: Tensor | None, samples: int
    ) -> tuple[Tensor, Tensor | None]:
        """Stretches of ``series (b c t)`` that the shapes represent, smoothed like the shapes, `(b c n s)`, and the
        mask of observed samples."""
        true, observed = read_stretches(series, tokens.attributes["t"], tokens.attributes["l"], samples, mask)
        return smoothed(true, self.shapes.smooth, observed), observed


def smoothed(values: Tensor, width: int, mask: Tensor | None = None) -> Tensor:
    """Moving average over ``width`` of `(b c n s)`, with repeated edges and without samples that are False in
    ``mask``."""
    if width == 1:
        return values
    if mask is None:
        return _average(values, width)
    observed = mask.to(values.dtype)
    return _average(torch.where(mask, values, 0), width) / _average(observed, width).clamp(min=0.5 / width)


def _average(values: Tensor, width: int) -> Tensor:
    flat = rearrange(values, "b c n s -> (b c) n s")
    padded = F.pad(flat, (width // 2, width // 2), mode="replicate")
    return F.avg_pool1d(padded, width, stride=1).view_as(values)
