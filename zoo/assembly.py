"""ZooModel: one forward through the components of a spec."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import DataError, ModelSpec, ShapeError

from zoo.contracts import (
    CodeTable,
    Decoded,
    Decoder,
    Encoder,
    Fusion,
    Head,
    Image,
    Output,
    Quantizer,
    Scale,
    Tokens,
    instance_scale,
    masked_mean,
)
from zoo.per_channel import PerChannel


class ZooModel(nn.Module):
    """The components of a spec, in order: fold, scale off, encode, mix, quantize, decode, scale on, unfold, head.

    ``spec`` is the complete spec, ``trace`` the shape after every stage; a role the spec leaves out is None.
    """

    fusion: Fusion | None
    image: Image | None
    encoder: Encoder | None
    quantizer: Quantizer | None
    decoder: Decoder | None
    head: Head | None

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.trace = shapes = spec.trace()
        self.fusion = self.image = self.encoder = self.quantizer = self.decoder = self.head = None
        if spec.image:
            self.image = spec.image.build(shapes.signal)
        if spec.encoder and shapes.tokens:
            if spec.fusion:
                self.fusion = spec.fusion.build(shapes.signal, shapes.tokens)
            read = shapes.folded if spec.encoder.reads == "c t" else shapes.image
            assert read is not None
            self.encoder = spec.encoder.build(read)
            if spec.quantizer:
                self.quantizer = self._build_quantizer()
            if spec.decoder:
                self.decoder = spec.decoder.build(shapes.tokens, shapes.folded)
        if spec.head and shapes.logits:
            given = shapes.need(spec.head.needs)
            assert given is not None
            self.head = spec.head.build(given, shapes.logits["k"])

    def _build_quantizer(self) -> Quantizer:
        tokens = self.trace.tokens
        assert self.spec.quantizer is not None
        assert tokens is not None
        if self.spec.codebook == "shared":
            return self.spec.quantizer.build(tokens)
        one = tokens.replace(c=1)
        return PerChannel([self.spec.quantizer.build(one) for _ in range(tokens["c"])])

    def encode(self, x: Tensor, mask: Tensor | None = None) -> Output:
        """Tokens and codes of `x (b c t)`; runs neither decoder nor head.

        Raises ShapeError for another shape than ``spec.input`` says, and DataError for a series of which
        ``mask (b c t)`` leaves nothing observed.
        """
        output, _, _ = self._encode(x, mask)
        return output

    def forward(self, x: Tensor, mask: Tensor | None = None, target: Tensor | None = None) -> Output:
        """Everything the model gives for `x (b c t)` in the data's units.

        ``mask (b c t)`` is True where observed, None meaning everywhere; ``target (b)`` holds class indices and
        brings in the terms that need labels. Losses are unweighted.
        """
        output, series, mask_folded = self._encode(x, mask)
        if self.encoder is not None and output.tokens is not None:
            output.losses.update(self.encoder.losses(output.tokens))
        if self.quantizer is not None and output.quantized is not None and output.tokens is not None:
            output.losses.update(self.quantizer.losses(output.quantized, output.tokens.mask))
        if self.decoder is not None:
            self._decode(self.decoder, output, series, mask_folded)
        if self.head is not None:
            output.logits = self.head(output)
            if target is not None:
                output.losses["ce"] = F.cross_entropy(output.logits, target)
        return output

    def _encode(self, x: Tensor, mask: Tensor | None) -> tuple[Output, Tensor, Tensor | None]:
        """The output so far, and the folded series `(b c' t')` in the input's units, with its mask."""
        self._require_input(x)
        if mask is not None:
            x = torch.where(mask, x, 0)
        output = Output(x=x, mask=mask)
        if self.image is not None:
            output.image = self.image(x, mask)
        if self.encoder is None:
            if mask is not None:
                _require_observed(mask.flatten(1))
            return output, x, mask
        series, mask = self.fusion.fold(x, mask) if self.fusion is not None else (x, mask)
        if mask is not None:
            _require_observed(mask)
        scaled = series
        if self.spec.scale == "instance":
            output.scale = Scale(*instance_scale(series, mask))
            scaled = (series - output.scale.mean) / output.scale.std
            scaled = scaled if mask is None else torch.where(mask, scaled, 0)
        if self.spec.encoder is not None and self.spec.encoder.reads == "c h w":
            tokens: Tokens = self.encoder(output.image, None)
        else:
            tokens = self.encoder(scaled, mask)
        output.tokens = self.fusion.mix(tokens) if self.fusion is not None else tokens
        if self.quantizer is not None:
            output.quantized = self.quantizer(output.tokens.values, output.tokens.mask)
        return output, series, mask

    def _require_input(self, x: Tensor) -> None:
        if tuple(x.shape[1:]) != self.trace.signal.sizes:
            hint = "lay the signal out as (batch, channels, time), or bring it to length first"
            raise ShapeError(
                "x", f"(b, {self.trace.signal.sizes[0]}, {self.trace.signal.sizes[1]})", f"{tuple(x.shape)}", hint
            )

    def _decode(self, decoder: Decoder, output: Output, series: Tensor, mask: Tensor | None) -> None:
        tokens = output.coded
        assert tokens is not None
        rebuilt, shapes = decoder(tokens, self._code_table(output))
        if output.scale is not None:
            mean, std = output.scale
            rebuilt = rebuilt * std + mean
            shapes = None if shapes is None else shapes * std[..., None] + mean[..., None]
        output.losses.update(decoder.losses(Decoded(rebuilt, shapes), tokens, series, mask))
        output.x_recon = self.fusion.unfold(rebuilt) if self.fusion is not None else rebuilt
        output.shapes = shapes
        output.losses["x"] = masked_mean((output.x_recon - output.x).square(), output.mask)

    @torch.no_grad()
    def _code_table(self, output: Output) -> CodeTable | None:
        """The distinct tokens, where the decoder draws shapes and they are fewer than the tokens."""
        codes = self.trace.codes
        if self.quantizer is None or output.quantized is None or codes is None or self.trace.shapes is None:
            return None
        books = codes["c"] if self.spec.codebook == "per_channel" else 1
        found = output.quantized.codes
        if codes["q"] != 1 or books * codes["k"] >= found.numel():
            return None
        every = torch.arange(codes["k"], device=found.device).view(1, 1, -1, 1).expand(1, books, -1, 1)
        first = torch.arange(books, device=found.device).view(1, -1, 1) * codes["k"]
        return CodeTable(self.quantizer.decode(every).flatten(0, 2), found.squeeze(-1) + first)


def _require_observed(mask: Tensor) -> None:
    if not bool(mask.any(-1).all()):
        raise DataError(
            "mask",
            "at least one observed sample in every series",
            "a series with none",
            "leave such windows out, or fold the channels so that each series has some",
        )
