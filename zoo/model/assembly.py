"""ZooModel: the forward pass through the components of a spec."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import DataError, ModelSpec, PluginError, ShapeError

from zoo.contracts import (
    CodedOutput,
    CodeTable,
    Component,
    Decoded,
    DecodedOutput,
    Decoder,
    EncodedOutput,
    Encoder,
    Fusion,
    Head,
    IdentityFusion,
    Image,
    Output,
    Quantized,
    Quantizer,
    Scale,
    Text,
    Tokenized,
    Tokens,
    histogram,
    instance_scale,
    masked_mse,
    required,
    slots,
    zeroed,
)
from zoo.model.cached_images import NOTHING_CACHED, CachedImages
from zoo.model.masks import observed_alone, require_mask, require_observed
from zoo.model.per_channel import build_quantizer

_ROLES: dict[str, type[Any]] = {
    "fusion": Fusion,
    "image": Image,
    "encoder": Encoder,
    "quantizer": Quantizer,
    "decoder": Decoder,
    "head": Head,
    "text": Text,
}


class _Folded(NamedTuple):
    """Series `(b c' t')` after ``fold``, in the input's units, with their mask."""

    series: Tensor
    mask: Tensor | None


class ZooModel(nn.Module):
    """The components of a spec, in order: fold, remove scale, encode, mix, quantize, decode, restore scale, unfold,
    head.

    ``spec`` is the complete spec, ``trace`` the shape after every stage; a role that the spec leaves out is None, but
    the fusion is then an IdentityFusion. ``cached`` are images made before, which the forward pass then does not make.
    """

    cached: CachedImages
    fusion: Fusion
    image: Image | None
    encoder: Encoder | None
    quantizer: Quantizer | None
    decoder: Decoder | None
    head: Head | None
    text: Text | None

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.trace = shapes = spec.trace()
        self.fusion = IdentityFusion()
        self.cached = NOTHING_CACHED
        self.image = self.encoder = self.quantizer = self.decoder = self.head = self.text = None
        if spec.image:
            self.image = spec.image.build(shapes.signal)
        if spec.encoder and shapes.tokens:
            if spec.fusion:
                self.fusion = spec.fusion.build(shapes.signal, shapes.tokens)
            self.encoder = spec.encoder.build(shapes.read_by(spec.encoder))
            if spec.quantizer:
                self.quantizer = build_quantizer(spec.quantizer, shapes.tokens, spec.codebook)
            if spec.decoder:
                self.decoder = spec.decoder.build(shapes.tokens, shapes.folded)
            if spec.text:
                self.text = spec.text.build(shapes.tokens, len(spec.encoder.attributes))
        if spec.head and shapes.logits:
            self.head = spec.head.build(shapes.read_by(spec.head), shapes.logits["k"])
        _require_roles(self)
        self.register_load_state_dict_pre_hook(_rename)  # type: ignore[no-untyped-call]  # torch has no types for it

    def renamed(self, name: str) -> str:
        """Today's name of a tensor that an earlier version of a component stored as ``name``."""
        role, _, rest = name.partition(".")
        part = getattr(self, role) if role in _ROLES else None
        return f"{role}.{part.renamed(rest)}" if isinstance(part, Component) else name

    @property
    def device(self) -> torch.device:
        """Device of the weights; the CPU for a model without weights."""
        return next((tensor.device for tensor in (*self.parameters(), *self.buffers())), torch.device("cpu"))

    def quantized(self, output: Output) -> Iterator[tuple[Quantizer, Quantized]]:
        """Every quantizer with what it gave for ``output``: that of tokens, and that of actions in text."""
        if self.quantizer is not None and output.quantized is not None:
            yield self.quantizer, output.quantized
        if self.text is not None and self.text.codebook is not None and output.actions is not None:
            yield self.text.codebook, output.actions

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
        output = self._read(x, mask)
        return output if self.encoder is None else self._quantize(self._encode(self.encoder, output)[0])

    def code(self, x: Tensor, mask: Tensor | None = None) -> CodedOutput:
        """The same for a model with a quantizer; raises SpecError for any other."""
        encoder, quantizer = required(self.encoder, "encoder", "code"), required(self.quantizer, "quantizer", "code")
        return _coded(quantizer, self._encode(encoder, self._read(x, mask))[0])

    def decode(self, output: Output) -> DecodedOutput:
        """``output`` of ``encode``, or a copy of it with other tokens or codes, with its reconstruction and shapes.

        Runs neither encoder nor head. Raises SpecError for a model without decoder.
        """
        tokens, decoder = required(output.coded, "encoder", "decode"), required(self.decoder, "decoder", "decode")
        decoded, rebuilt = self._decode(decoder, output, tokens)
        return DecodedOutput(**vars(output) | {"x_recon": rebuilt, "shapes": decoded.shapes})

    def tokenize(self, x: Tensor, mask: Tensor | None = None) -> Tokenized:
        """Tokens and histogram of codes of `x (b c t)`, as computed by ``encode``.

        Raises SpecError for a model without encoder.
        """
        encoder = required(self.encoder, "encoder", "tokenize")
        output = self._quantize(self._encode(encoder, self._read(x, mask))[0])
        counts = None
        if isinstance(output, CodedOutput) and self.trace.codes is not None:
            counts = histogram(output.quantized.codes, output.tokens.mask, self.trace.codes["k"])
        return Tokenized(output.coded.features(), counts)

    def draw(self, tokens: Tokens) -> Tensor:
        """The shapes that the decoder draws for ``tokens``, `(b c n s)` in the encoder's scale.

        Raises SpecError for a model without a decoder that draws shapes.
        """
        decoded: Decoded = required(self.decoder, "decoder", "draw shapes")(tokens)
        return required(decoded.shapes, "decoder", "draw shapes")

    def forecast(self, x: Tensor, observed: int) -> Tensor:
        """The whole window `(b c t)` reconstructed from the first ``observed`` samples of `x (b c t')`.

        Later samples of ``x`` are ignored: the result is the reconstruction with a mask that hides the future. Dropout
        etc. follow the mode (train or eval) of the model. Raises SpecError for a model without decoder, and ShapeError
        if ``x`` or the window has fewer than ``observed`` samples.
        """
        parts = self._autoencoder("forecast")
        length = self.trace.signal["t"]
        if not 1 <= observed <= length:
            raise ShapeError("observed", f"1 to {length} samples", str(observed), "choose how many of them are given")
        if not observed <= x.shape[-1] <= length:
            hint = "give the samples that are observed, or the whole window"
            raise ShapeError("x", f"{observed} to {length} samples", f"{x.shape[-1]}", hint)
        window = F.pad(x[..., :observed], (0, length - observed))
        known = torch.arange(length, device=x.device) < observed
        return self._rebuild(*parts, window, None if observed == length else known.expand_as(window))

    def impute(self, x: Tensor, mask: Tensor) -> Tensor:
        """`x (b c t)` with samples from the reconstruction where ``mask (b c t)`` is False (unobserved).

        Observed samples are returned unchanged, the others are ignored. Dropout etc. follow the mode (train or eval) of
        the model. Raises SpecError for a model without decoder, ShapeError for a mask that does not fit ``x``, and
        DataError for a folded series without observed samples, which cannot be imputed.
        """
        parts = self._autoencoder("impute")
        require_mask(mask, x)
        require_observed(self.fusion.fold(x, mask)[1])
        return torch.where(mask, x, self._rebuild(*parts, x, mask))

    def forward(
        self, x: Tensor, mask: Tensor | None = None, target: Tensor | None = None, taps: bool = False
    ) -> Output:
        """All outputs of the model for `x (b c t)` in the data's units.

        ``mask (b c t)`` is True where observed, None = everywhere; ``target (b)`` holds class indices and adds the
        terms that need labels. Losses are unweighted. With ``taps`` the output has the features of the head.
        """
        output = self._read(x, mask)
        if self.encoder is not None:
            encoded, folded = self._encode(self.encoder, output)
            output = encoded = self._quantize(encoded)
            output.losses.update(self.encoder.losses(encoded.tokens))
            if self.quantizer is not None and isinstance(encoded, CodedOutput):
                output.losses.update(self.quantizer.losses(encoded.quantized, encoded.tokens.mask))
            if self.decoder is not None:
                output.losses.update(self._errors(self.decoder, encoded, folded))
        if self.head is not None:
            self.classify(output, target, taps)
        if self.text is not None and target is not None and isinstance(output, EncodedOutput):
            # Last, so that it draws no random number before anything else does.
            worded = self.text(output, target)
            output.losses.update(worded.losses)
            output.actions = worded.actions
        return output

    def classify(self, output: Output, target: Tensor | None = None, taps: bool = False) -> None:
        """Add to ``output`` what the head gives for it: logits, features with ``taps``, and its loss for ``target``.

        Raises SpecError for a model without head.
        """
        head = required(self.head, "head", "classify")
        output.logits, output.features = head.tapped(output) if taps else (head(output), ())
        if target is not None:
            output.losses["ce"] = F.cross_entropy(output.logits, target)

    def _read(self, x: Tensor, mask: Tensor | None) -> Output:
        """The checked input, 0 where it is not observed, and its image."""
        self._require_input(x)
        if self.trace.signal.layout == "c h w":
            if mask is not None:
                raise DataError("mask", "none beside ready-made images", "one", "leave it out")
            return Output(x=x, image=x)
        if mask is not None:
            require_mask(mask, x)
            require_observed(mask.flatten(1))
            x = torch.where(mask, x, 0)
        return Output(x=x, mask=mask, image=None if self.image is None else self.cached.of(self.image, x, mask))

    def _encode(self, encoder: Encoder, given: Output) -> tuple[EncodedOutput, _Folded]:
        """The tokens of ``given``, and its folded series in the input's units."""
        x, mask, image = given.x, given.mask, given.image
        if self.trace.signal.layout == "c h w":
            return EncodedOutput(x=x, image=image, tokens=encoder(image, None)), _Folded(x, None)
        folded = _Folded(*self.fusion.fold(x, mask))
        scale, scaled = None, folded.series
        if self.spec.scale == "instance":
            scale = Scale(*instance_scale(*folded))
            scaled = zeroed((folded.series - scale.mean) / scale.std, folded.mask)
        if self.spec.encoder is not None and self.spec.encoder.reads == "c h w":
            tokens: Tokens = encoder(image, None)
        else:
            tokens = observed_alone(encoder(scaled, folded.mask), folded.mask)
        return EncodedOutput(x=x, mask=mask, image=image, scale=scale, tokens=self.fusion.mix(tokens)), folded

    def _quantize(self, output: EncodedOutput) -> EncodedOutput:
        return output if self.quantizer is None else _coded(self.quantizer, output)

    def _require_input(self, x: Tensor) -> None:
        promised = self.trace.signal
        if self.spec.channelwise and x.dim() == 3 and x.shape[1] > 0:
            promised = promised.replace(c=x.shape[1])
        if tuple(x.shape[1:]) != promised.sizes:
            hint = "lay the signal out as (batch, channels, time), or bring it to length first"
            if promised.layout == "c h w":
                hint = "lay the images out as (batch, channels, height, width), or resize them first"
            raise ShapeError("x", f"(b, {', '.join(map(str, promised.sizes))})", f"{tuple(x.shape)}", hint)

    def _autoencoder(self, task: str) -> tuple[Encoder, Decoder]:
        """Encoder and decoder; raises SpecError for a model without, which cannot do ``task``."""
        return required(self.encoder, "encoder", task), required(self.decoder, "decoder", task)

    def _rebuild(self, encoder: Encoder, decoder: Decoder, x: Tensor, mask: Tensor | None) -> Tensor:
        """Only the reconstruction `(b c t)`: no losses, no head."""
        output = self._quantize(self._encode(encoder, self._read(x, mask))[0])
        return self._decode(decoder, output, output.coded)[1]

    def _errors(self, decoder: Decoder, output: EncodedOutput, folded: _Folded) -> dict[str, Tensor]:
        """Decode ``output``, in place; the loss terms of the decoder and of the reconstruction."""
        tokens, x = output.coded, output.x
        decoded, rebuilt = self._decode(decoder, output, tokens)
        output.x_recon, output.shapes = rebuilt, decoded.shapes
        if self.spec.errors == "relative":
            decoded, folded = _over(decoded, folded)
            unit = instance_scale(x, output.mask)[1]
            rebuilt, x = rebuilt / unit, x / unit
        return {**decoder.losses(decoded, tokens, *folded), "x": masked_mse(rebuilt, x, output.mask)}

    def _decode(self, decoder: Decoder, output: Output, tokens: Tokens) -> tuple[Decoded, Tensor]:
        """The decoder's result with the scale restored, and the reconstruction `(b c t)`."""
        rebuilt, shapes = decoder(tokens, self._code_table(output)) if decoder.reads_table else decoder(tokens)
        if output.scale is not None:
            mean, std = output.scale
            rebuilt = rebuilt * std + mean
            shapes = None if shapes is None else shapes * std[..., None] + mean[..., None]
        return Decoded(rebuilt, shapes), self.fusion.unfold(rebuilt)

    @torch.no_grad()
    def _code_table(self, output: Output) -> CodeTable | None:
        """The vectors of all codes, if each code is a token."""
        codes = self.trace.codes
        if self.quantizer is None or output.quantized is None or codes is None:
            return None
        found = output.quantized.codes
        if codes["q"] != 1:
            return None
        every = torch.arange(codes["k"], device=found.device).view(1, 1, -1, 1).expand(1, self.books, -1, 1)
        index = slots(found, self.books, codes["k"]).squeeze(-1)
        return CodeTable(self.quantizer.decode(every).flatten(0, 2), index)


def _rename(module: nn.Module, tensors: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Give the ``tensors`` of a checkpoint their names of today, before ``module`` loads them."""
    assert isinstance(module, ZooModel)
    for name in [name for name in tensors if name.startswith(prefix)]:
        tensors[prefix + module.renamed(name.removeprefix(prefix))] = tensors.pop(name)


def _coded(quantizer: Quantizer, output: EncodedOutput) -> CodedOutput:
    return CodedOutput(**vars(output) | {"quantized": quantizer(output.tokens.values, output.tokens.mask)})


def _over(decoded: Decoded, folded: _Folded) -> tuple[Decoded, _Folded]:
    """Decoded values and folded series, both divided by the deviation of each series."""
    unit = instance_scale(*folded)[1]
    shapes = None if decoded.shapes is None else decoded.shapes / unit.unsqueeze(-1)
    return Decoded(decoded.series / unit, shapes), _Folded(folded.series / unit, folded.mask)


def _require_roles(model: ZooModel) -> None:
    """Raise PluginError if a component built an object that is not a module of its role."""
    for role, spec in model.spec.components():
        module, expected = getattr(model, role), _ROLES[role]
        if not isinstance(module, expected):
            hint = f"let its build return a zoo.contracts.{expected.__name__}"
            raise PluginError(str(spec.kind), f"a module of the role {role}", type(module).__name__, hint)
