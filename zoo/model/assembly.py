"""ZooModel: the forward pass through the components of a spec."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import DataError, ModelSpec, PluginError, ShapeError, SpecError

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
    Tokenized,
    Tokens,
    histogram,
    instance_scale,
    masked_mse,
    slots,
)
from zoo.model.per_channel import PerChannel

_ROLES: dict[str, type[Any]] = {
    "fusion": Fusion,
    "image": Image,
    "encoder": Encoder,
    "quantizer": Quantizer,
    "decoder": Decoder,
    "head": Head,
}


class ZooModel(nn.Module):
    """The components of a spec, in order: fold, remove scale, encode, mix, quantize, decode, restore scale, unfold,
    head.

    ``spec`` is the complete spec, ``trace`` the shape after every stage; a role that the spec leaves out is None.
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
        _require_roles(self)

    def _build_quantizer(self) -> Quantizer:
        tokens = self.trace.tokens
        quantizer = self.spec.quantizer
        assert quantizer is not None
        assert tokens is not None
        if self.spec.codebook == "shared":
            shared: Quantizer = quantizer.build(tokens)
            return shared
        one = tokens.replace(c=1)
        return PerChannel([quantizer.build(one) for _ in range(tokens["c"])])

    @property
    def device(self) -> torch.device:
        """Device of the weights; the CPU for a model without weights."""
        return next((tensor.device for tensor in (*self.parameters(), *self.buffers())), torch.device("cpu"))

    @property
    def books(self) -> int:
        """Number of codebooks g: one for all folded channels, or one per channel."""
        tokens = self.trace.tokens
        return tokens["c"] if tokens is not None and self.spec.codebook == "per_channel" else 1

    def encode(self, x: Tensor, mask: Tensor | None = None) -> Output:
        """Tokens and codes of `x (b c t)`; runs neither decoder nor head.

        Raises ShapeError if the shape differs from ``spec.input``, and DataError for a window without observed samples
        in ``mask (b c t)``. If only some series have no observed samples, their tokens are not real. A
        ``spec.channelwise`` model accepts any number of channels; a model with image input takes `x (b c h w)`, without
        a mask.
        """
        output, _, _ = self._encode(x, mask)
        return output

    def decode(self, output: Output) -> Output:
        """``output`` of ``encode``, or a copy of it with other tokens or codes, with its reconstruction and shapes.

        Runs neither encoder nor head. Raises SpecError for a model without decoder.
        """
        self._require("decode", "encoder", "decoder")
        assert self.decoder is not None
        decoded = replace(output)
        self._decode(self.decoder, decoded)
        return decoded

    def tokenize(self, x: Tensor, mask: Tensor | None = None) -> Tokenized:
        """Tokens and histogram of codes of `x (b c t)`, as computed by ``encode``.

        Raises SpecError for a model without encoder.
        """
        self._require("tokenize", "encoder")
        output = self.encode(x, mask)
        assert output.tokens is not None
        assert output.coded is not None
        counts = None
        if output.quantized is not None and self.trace.codes is not None:
            counts = histogram(output.quantized.codes, output.tokens.mask, self.trace.codes["k"])
        return Tokenized(output.coded.features(), counts)

    def forecast(self, x: Tensor, observed: int) -> Tensor:
        """The whole window `(b c t)` reconstructed from the first ``observed`` samples of `x (b c t')`.

        Later samples of ``x`` are ignored: the result is the reconstruction with a mask that hides the future. Dropout
        etc. follow the mode (train or eval) of the model. Raises SpecError for a model without decoder, and ShapeError
        if ``x`` or the window has fewer than ``observed`` samples.
        """
        self._require("forecast", "encoder", "decoder")
        length = self.trace.signal["t"]
        if not 1 <= observed <= length:
            raise ShapeError("observed", f"1 to {length} samples", str(observed), "choose how many of them are given")
        if not observed <= x.shape[-1] <= length:
            hint = "give the samples that are observed, or the whole window"
            raise ShapeError("x", f"{observed} to {length} samples", f"{x.shape[-1]}", hint)
        window = F.pad(x[..., :observed], (0, length - observed))
        known = torch.arange(length, device=x.device) < observed
        return self._rebuild(window, None if observed == length else known.expand_as(window))

    def impute(self, x: Tensor, mask: Tensor) -> Tensor:
        """`x (b c t)` with samples from the reconstruction where ``mask (b c t)`` is False (unobserved).

        Observed samples are returned unchanged, the others are ignored. Dropout etc. follow the mode (train or eval) of
        the model. Raises SpecError for a model without decoder, ShapeError for a mask that does not fit ``x``, and
        DataError for a folded series without observed samples, which cannot be imputed.
        """
        self._require("impute", "encoder", "decoder")
        _require_mask(mask, x)
        _require_observed(mask if self.fusion is None else self.fusion.fold(x, mask)[1])
        return torch.where(mask, x, self._rebuild(x, mask))

    def forward(self, x: Tensor, mask: Tensor | None = None, target: Tensor | None = None) -> Output:
        """All outputs of the model for `x (b c t)` in the data's units.

        ``mask (b c t)`` is True where observed, None = everywhere; ``target (b)`` holds class indices and adds the
        terms that need labels. Losses are unweighted.
        """
        output, series, observed = self._encode(x, mask)
        if self.encoder is not None and output.tokens is not None:
            output.losses.update(self.encoder.losses(output.tokens))
        if self.quantizer is not None and output.quantized is not None and output.tokens is not None:
            output.losses.update(self.quantizer.losses(output.quantized, output.tokens.mask))
        if self.decoder is not None and output.coded is not None:
            decoded, rebuilt = self._decode(self.decoder, output)
            x = output.x
            if self.spec.errors == "relative":
                decoded, series = _over(decoded, series, observed)
                unit = instance_scale(x, output.mask)[1]
                rebuilt, x = rebuilt / unit, x / unit
            output.losses.update(self.decoder.losses(decoded, output.coded, series, observed))
            output.losses["x"] = masked_mse(rebuilt, x, output.mask)
        if self.head is not None:
            output.logits = self.head(output)
            if target is not None:
                output.losses["ce"] = F.cross_entropy(output.logits, target)
        return output

    def _encode(self, x: Tensor, mask: Tensor | None) -> tuple[Output, Tensor, Tensor | None]:
        """The output so far, and the folded series `(b c' t')` in the input's units, with its mask."""
        self._require_input(x)
        if self.trace.signal.layout == "c h w":
            return self._encode_images(x, mask), x, None
        if mask is not None:
            _require_mask(mask, x)
            _require_observed(mask.flatten(1))
            x = torch.where(mask, x, 0)
        output = Output(x=x, mask=mask)
        if self.image is not None:
            output.image = self.image(x, mask)
        if self.encoder is None:
            return output, x, mask
        series, mask = self.fusion.fold(x, mask) if self.fusion is not None else (x, mask)
        scaled = series
        if self.spec.scale == "instance":
            output.scale = Scale(*instance_scale(series, mask))
            scaled = (series - output.scale.mean) / output.scale.std
            scaled = scaled if mask is None else torch.where(mask, scaled, 0)
        if self.spec.encoder is not None and self.spec.encoder.reads == "c h w":
            tokens: Tokens = self.encoder(output.image, None)
        else:
            tokens = _observed_alone(self.encoder(scaled, mask), mask)
        output.tokens = self.fusion.mix(tokens) if self.fusion is not None else tokens
        self._quantize(output)
        return output, series, mask

    def _encode_images(self, x: Tensor, mask: Tensor | None) -> Output:
        if mask is not None:
            raise DataError("mask", "none beside ready-made images", "one", "leave it out")
        output = Output(x=x, image=x)
        if self.encoder is not None:
            output.tokens = self.encoder(x, None)
            self._quantize(output)
        return output

    def _quantize(self, output: Output) -> None:
        if self.quantizer is not None and output.tokens is not None:
            output.quantized = self.quantizer(output.tokens.values, output.tokens.mask)

    def _require_input(self, x: Tensor) -> None:
        promised = self.trace.signal
        if self.spec.channelwise and x.dim() == 3 and x.shape[1] > 0:
            promised = promised.replace(c=x.shape[1])
        if tuple(x.shape[1:]) != promised.sizes:
            hint = "lay the signal out as (batch, channels, time), or bring it to length first"
            if promised.layout == "c h w":
                hint = "lay the images out as (batch, channels, height, width), or resize them first"
            raise ShapeError("x", f"(b, {', '.join(map(str, promised.sizes))})", f"{tuple(x.shape)}", hint)

    def _require(self, task: str, *roles: str) -> None:
        """Raise SpecError if the model does not have all ``roles`` that ``task`` needs."""
        present = dict(self.spec.components())
        for role in roles:
            if role not in present:
                hint = f"add one to the spec and train it; `zoo list {role}` shows the kinds"
                raise SpecError(role, f"one to {task} with", "none in the model", hint)

    def _rebuild(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Only the reconstruction `(b c t)`: no losses, no head."""
        rebuilt = self.decode(self.encode(x, mask)).x_recon
        assert rebuilt is not None
        return rebuilt

    def _decode(self, decoder: Decoder, output: Output) -> tuple[Decoded, Tensor]:
        """The decoder's result with the scale restored, and the reconstruction `(b c t)`; stores both in ``output``."""
        tokens = output.coded
        assert tokens is not None
        rebuilt, shapes = decoder(tokens, self._code_table(output))
        if output.scale is not None:
            mean, std = output.scale
            rebuilt = rebuilt * std + mean
            shapes = None if shapes is None else shapes * std[..., None] + mean[..., None]
        output.x_recon = self.fusion.unfold(rebuilt) if self.fusion is not None else rebuilt
        output.shapes = shapes
        return Decoded(rebuilt, shapes), output.x_recon

    @torch.no_grad()
    def _code_table(self, output: Output) -> CodeTable | None:
        """The vectors of all codes, if each code is a token and the decoder draws shapes."""
        codes = self.trace.codes
        if self.quantizer is None or output.quantized is None or codes is None or self.trace.shapes is None:
            return None
        found = output.quantized.codes
        if codes["q"] != 1:
            return None
        every = torch.arange(codes["k"], device=found.device).view(1, 1, -1, 1).expand(1, self.books, -1, 1)
        index = slots(found, self.books, codes["k"]).squeeze(-1)
        return CodeTable(self.quantizer.decode(every).flatten(0, 2), index)


def _over(decoded: Decoded, series: Tensor, mask: Tensor | None) -> tuple[Decoded, Tensor]:
    """Decoded values and series, both divided by the deviation of each folded series of ``series (b c t)``."""
    unit = instance_scale(series, mask)[1]
    shapes = None if decoded.shapes is None else decoded.shapes / unit.unsqueeze(-1)
    return Decoded(decoded.series / unit, shapes), series / unit


def _require_mask(mask: Tensor, x: Tensor) -> None:
    if mask.shape != x.shape or mask.dtype != torch.bool:
        expected, found = f"{tuple(x.shape)} of bool, as x", f"{tuple(mask.shape)} of {mask.dtype}"
        raise ShapeError("mask", expected, found, "give one value per sample of x, True where observed")


def _observed_alone(tokens: Tokens, mask: Tensor | None) -> Tokens:
    """``tokens`` of series with ``mask (b c t)``, in which tokens of unobserved series are not real: a silent sensor
    does not invalidate a window, and must not affect codebook, losses or statistics."""
    # A compiled graph cannot branch on mask values.
    if mask is None or (not torch.compiler.is_compiling() and _all_observed(mask)):
        return tokens
    seen = mask.any(-1, keepdim=True).expand(tokens.values.shape[:3])
    return tokens._replace(mask=seen if tokens.mask is None else tokens.mask & seen)


def _all_observed(mask: Tensor) -> bool:
    """Whether every series has an observed sample."""
    return bool(mask.any(-1).all())


def _require_observed(mask: Tensor | None) -> None:
    # A compiled graph cannot branch on mask values; without observed samples the result is finite but meaningless.
    if mask is not None and not torch.compiler.is_compiling() and not _all_observed(mask):
        raise DataError(
            "mask",
            "at least one observed sample in every series",
            "a series with none",
            "leave such windows out, or fold the channels so that each series has some",
        )


def _require_roles(model: ZooModel) -> None:
    """Raise PluginError if a component built an object that is not a module of its role."""
    for role, spec in model.spec.components():
        module, expected = getattr(model, role), _ROLES[role]
        if not isinstance(module, expected):
            hint = f"let its build return a zoo.contracts.{expected.__name__}"
            raise PluginError(str(spec.kind), f"a module of the role {role}", type(module).__name__, hint)
