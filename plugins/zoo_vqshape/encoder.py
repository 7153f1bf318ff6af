"""The encoder of VQShape: tokens read from their own stretches of the series, from the whole series by queries, or
both."""

from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn

from zoo.contracts import Encoder, Interpolate, Losses, ResampleInputs, Resizing, Tokens
from zoo_vqshape.attributes import AttributeHeads, crowding, stretch_attributes
from zoo_vqshape.patches import Hide, LeaveOut, Patches, readable
from zoo_vqshape.stretch import Places, Stretch, StretchReader
from zoo_vqshape.transformer import CrossTransformer, Transformer


class Reading(NamedTuple):
    """How stretches are read. ``places`` is None if places are learned. ``reader`` reads a stretch, and ``readout``
    maps its form to a code vector; without it the queries alone give the code vector. ``measured``: mu and sigma are
    measured on the stretch."""

    places: Places | None
    reader: StretchReader | None
    readout: nn.Module | None
    measured: bool


class StretchEncoder(Encoder):
    """Series `(b c t)`, each channel independently, to a grid of tokens, each read only from its own stretch."""

    def __init__(self, places: Places, reader: StretchReader, readout: nn.Module, shortest: float) -> None:
        super().__init__()
        self.places, self.reader, self.readout, self.shortest = places, reader, readout, shortest

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        """`(b c t)` with ``mask (b c t)`` True = observed `-> (b c n d)`; tokens with too few observed samples are not
        real."""
        start, length = self.places(x)
        found: Stretch = self.reader(x, start, length, mask)
        values = self.readout(found.form)
        return Tokens(values, found.real, stretch_attributes(start, length, found.mu, found.sigma), self.places.spans)

    def losses(self, tokens: Tokens) -> Losses:
        """``dist`` of the grid, a constant."""
        return {"dist": _spread(tokens, self.shortest)}

    def resizing(self) -> Resizing:
        return _READOUT


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
    """Series `(b c t)`, each channel independently, to tokens with the whole series as context.

    A patch transformer and learned queries give a context per token. From it the ``heads`` predict those of code
    vector, place and level that they have; ``reading`` describes how the others are read. If both give a code vector,
    the two are added; tokens with too few observed samples in their stretch use the context only. ``shortest`` is the
    minimum length of a shape as a share of the series, ``mask_ratio`` the share of patches hidden in training. Tensor
    names follow the public release of VQShape.
    """

    def __init__(
        self,
        *,
        cut: Patches,
        tokens: int,
        dim: int,
        heads: int,
        layers: int,
        tokenizer_heads: int,
        tokenizer_layers: int,
        attributes: AttributeHeads,
        reading: Reading,
        mask_ratio: float,
        shortest: float,
        dropout: float,
    ) -> None:
        super().__init__()
        self.shortest = shortest
        self.cut = cut
        self.input_project = nn.Linear(cut.size, dim)
        self.pos_embed = Positions(cut.count, dim)
        self.fills = reading.readout is not None and attributes.gives_code
        self.hide = Hide(cut, mask_ratio) if self.fills else None
        self.leave_out = None if self.fills else LeaveOut(cut.count, mask_ratio)
        self.transformer = Transformer(dim, heads, layers, dropout)
        self.tokenizer = Tokenizer(tokens, dim, tokenizer_heads, tokenizer_layers, dropout)
        self.attr_decoder = attributes
        self.places, self.reader, self.readout, self.measured = reading

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        """`(b c t)` with ``mask (b c t)`` True = observed `-> (b c n d)`.

        A patch with an unobserved sample is attended to only if the series has no fully observed patch. Tokens with too
        few observed samples in their stretch are not real, unless the context replaces the stretch.
        """
        if self.training and self.hide is not None:
            mask = self.hide(x, mask)
        context = self._context(x, mask)
        start, length = self.attr_decoder.place(context) if self.places is None else self.places(x)
        stretch = None if self.reader is None else self.reader(x, start.detach(), length.detach(), mask)
        mu, sigma = self._level(context, stretch)
        attributes = stretch_attributes(start, length, mu, sigma)
        real = None if stretch is None or self.fills else stretch.real
        spans = None if self.places is None else self.places.spans
        return Tokens(self._code(context, stretch), real, attributes, spans)

    def _context(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Context of the queries from the patches, `(b c n d)`."""
        keys = None
        if mask is not None:
            x, keys = torch.where(mask, x, 0), readable(self.cut(mask))
        patches = self.pos_embed(self.input_project(self.cut(x)))
        if self.training and self.leave_out is not None:
            patches, keys = self.leave_out(patches, keys)
        tokens = self.tokenizer(self.transformer(patches, keys), keys)
        context: Tensor = rearrange(tokens, "(b c) n d -> b c n d", c=x.shape[1])
        return context

    def _code(self, context: Tensor, stretch: Stretch | None) -> Tensor:
        if self.readout is None or stretch is None:
            return self.attr_decoder.code(context)
        read: Tensor = self.readout(stretch.form)
        if not self.fills:
            return read
        if stretch.real is not None:
            read = torch.where(stretch.real.unsqueeze(-1), read, 0)
        code: Tensor = read + self.attr_decoder.code(context)
        return code

    def _level(self, context: Tensor, stretch: Stretch | None) -> tuple[Tensor, Tensor]:
        """mu and sigma `(b c n)`: measured, with those of the context for unobserved tokens; or all from the
        context."""
        if not self.measured or stretch is None:
            return self.attr_decoder.level(context)
        if stretch.real is None or not self.fills:
            return stretch.mu, stretch.sigma
        mu, sigma = self.attr_decoder.level(context)
        return torch.where(stretch.real, stretch.mu, mu), torch.where(stretch.real, stretch.sigma, sigma)

    def losses(self, tokens: Tokens) -> Losses:
        """``dist``, after the public release."""
        return {"dist": _spread(tokens, self.shortest)}

    def resizing(self) -> Resizing:
        rules = {
            "input_project": ResampleInputs("patches"),
            "pos_embed.positional_embeddings": Interpolate("positions"),
            "tokenizer": Interpolate("queries", axis=1),
        }
        return Resizing(rules, ("transformer.layers", "tokenizer.transformer.layers")) | _READOUT


_READOUT = Resizing({"readout.layers.0": ResampleInputs("samples of a stretch")})


def _spread(tokens: Tokens, shortest: float) -> Tensor:
    attributes, mask = tokens.attributes, tokens.mask
    if tokens.spans is not None and mask is None:  # all series have the same grid
        attributes = {name: part[:1, :1] for name, part in attributes.items()}
    return crowding(attributes, shortest, mask)
