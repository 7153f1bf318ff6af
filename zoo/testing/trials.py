"""A component on a small random batch: building and calling each role, and names of its outputs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry.component import (
    ComponentSpec,
    DecoderSpec,
    EncoderSpec,
    FusionSpec,
    HeadSpec,
    ImageSpec,
    QuantizerSpec,
)
from zoo_registry.shapes import Shape

from zoo.contracts import (
    Decoder,
    EncodedOutput,
    Encoder,
    Fusion,
    Head,
    Image,
    Losses,
    Output,
    Quantizer,
    Tokens,
    observed,
    zeroed,
)
from zoo.model.per_channel import PerChannel
from zoo.testing.samples import AnyOutput, Masking, adapt, sample, sample_tokens

SIGNAL = Shape.of("c t", 3, 160)
IMAGE = Shape.of("c h w", 3, 64, 64)
TOKENS = Shape.of("c n d", 3, 10, 32)
CODES = Shape.of("c n q k", 3, 10, 2, 8)

Results = dict[str, Tensor]
"""Outputs of a component by name; `loss.NAME` are its loss terms. Values at padded places are 0."""


class Trial(ABC, Generic[AnyOutput]):
    """One component with its input shapes and promised output shapes."""

    spec: ComponentSpec
    x: Shape

    @property
    @abstractmethod
    def promised(self) -> Mapping[str, Shape]:
        """Shapes of its results, as the spec works them out in integers."""

    @abstractmethod
    def build(self) -> nn.Module:
        """The module, as the spec builds it."""

    @abstractmethod
    def run(self, module: nn.Module, batch: AnyOutput) -> Results:
        """All outputs of the module for ``batch``."""

    @abstractmethod
    def batch(self, masking: Masking = "none", seed: int = 0) -> AnyOutput:
        """A random batch of what the component reads."""

    def ready(self) -> nn.Module:
        """The module in eval mode, filled with what it would have learned of training windows."""
        module = self.build().eval()
        adapt(module, self.x)
        return module


@dataclass
class FusionTrial(Trial[EncodedOutput]):
    """``fold``, ``mix`` and ``unfold`` of one fusion."""

    spec: FusionSpec
    x: Shape

    @property
    def tokens(self) -> Shape:
        """Tokens of the folded series."""
        return TOKENS.replace(c=self.spec.output(self.x)["c"])

    def batch(self, masking: Masking = "none", seed: int = 0) -> EncodedOutput:
        return sample_tokens(self.tokens, {"signal": self.x}, masking, seed)

    @property
    def promised(self) -> Mapping[str, Shape]:
        return {"folded": self.spec.output(self.x), "mixed": self.tokens, "unfolded": self.x}

    def build(self) -> nn.Module:
        module: nn.Module = self.spec.build(self.x, self.tokens)
        return module

    def run(self, module: nn.Module, batch: EncodedOutput) -> Results:
        assert isinstance(module, Fusion)
        folded, mask = module.fold(batch.x, batch.mask)
        mixed = module.mix(batch.tokens)
        return {
            "folded": zeroed(folded, mask),
            "mask": observed(mask, folded),
            "mixed": zeroed(mixed.values, mixed.mask),
            "unfolded": module.unfold(zeroed(folded, mask)),
        }


@dataclass
class ImageTrial(Trial[Output]):
    """One image of signals."""

    spec: ImageSpec
    x: Shape

    def batch(self, masking: Masking = "none", seed: int = 0) -> Output:
        return sample({"signal": self.x}, masking, seed)

    @property
    def promised(self) -> Mapping[str, Shape]:
        return {"image": self.spec.output(self.x)}

    def build(self) -> nn.Module:
        module: nn.Module = self.spec.build(self.x)
        return module

    def run(self, module: nn.Module, batch: Output) -> Results:
        assert isinstance(module, Image)
        return {"image": module(batch.x, batch.mask)}


@dataclass
class EncoderTrial(Trial[Output]):
    """One encoder of series or images."""

    spec: EncoderSpec
    x: Shape

    def batch(self, masking: Masking = "none", seed: int = 0) -> Output:
        return sample({"signal" if self.spec.reads == "c t" else "image": self.x}, masking, seed)

    @property
    def promised(self) -> Mapping[str, Shape]:
        tokens = self.spec.output(self.x)
        one = Shape.of("c n", tokens["c"], tokens["n"])
        return {"values": tokens} | {attribute.name: one for attribute in self.spec.attributes}

    def build(self) -> nn.Module:
        module: nn.Module = self.spec.build(self.x)
        return module

    def run(self, module: nn.Module, batch: Output) -> Results:
        assert isinstance(module, Encoder)
        tokens = module(batch.x, batch.mask) if self.spec.reads == "c t" else module(batch.image, None)
        assert isinstance(tokens, Tokens)
        attributes = tokens.attributes
        return {
            "values": zeroed(tokens.values, tokens.mask),
            "mask": observed(tokens.mask, tokens.values[..., 0]),
            **{name: zeroed(value, tokens.mask) for name, value in attributes.items()},
            **_named(module.losses(tokens)),
        }


@dataclass
class QuantizerTrial(Trial[EncodedOutput]):
    """One quantizer, its codebook shared by all channels."""

    spec: QuantizerSpec
    x: Shape

    def batch(self, masking: Masking = "none", seed: int = 0) -> EncodedOutput:
        return sample_tokens(self.x, {}, masking, seed)

    @property
    def promised(self) -> Mapping[str, Shape]:
        levels = self.spec.codebook(self.x)["q"]
        return {"values": self.x, "codes": Shape.of("c n q", self.x["c"], self.x["n"], levels)}

    def build(self) -> nn.Module:
        module: nn.Module = self.spec.build(self.x)
        return module

    def run(self, module: nn.Module, batch: EncodedOutput) -> Results:
        assert isinstance(module, Quantizer)
        mask = batch.tokens.mask
        quantized = module(batch.tokens.values, mask)
        return {
            "values": zeroed(quantized.values, mask),
            "codes": zeroed(quantized.codes, mask),
            "latents": zeroed(quantized.latents, mask),
            **{f"stats.{name}": value for name, value in (quantized.stats or {}).items()},
            **_named(module.losses(quantized, mask)),
        }


@dataclass
class PerChannelTrial(QuantizerTrial):
    """The same quantizer once per channel."""

    def build(self) -> nn.Module:
        return PerChannel([self.spec.build(self.x.replace(c=1)) for _ in range(self.x["c"])])


@dataclass
class DecoderTrial(Trial[EncodedOutput]):
    """One decoder of tokens."""

    spec: DecoderSpec
    x: Shape
    series: Shape

    def batch(self, masking: Masking = "none", seed: int = 0) -> EncodedOutput:
        return sample_tokens(self.x, {"signal": self.series}, masking, seed, self.spec.needs_attributes)

    @property
    def promised(self) -> Mapping[str, Shape]:
        shapes = self.spec.shapes(self.x)
        return {"series": self.spec.output(self.x, self.series)} | ({"shapes": shapes} if shapes else {})

    def build(self) -> nn.Module:
        module: nn.Module = self.spec.build(self.x, self.series)
        return module

    def run(self, module: nn.Module, batch: EncodedOutput) -> Results:
        assert isinstance(module, Decoder)
        decoded = module(batch.tokens)
        drawn = {} if decoded.shapes is None else {"shapes": zeroed(decoded.shapes, batch.tokens.mask)}
        losses = module.losses(decoded, batch.tokens, batch.x, batch.mask)
        return {"series": zeroed(decoded.series, batch.mask), **drawn, **_named(losses)}


@dataclass
class HeadTrial(Trial[Output]):
    """One head, reading what its ``needs`` names."""

    spec: HeadSpec
    x: Shape
    classes: int

    def batch(self, masking: Masking = "none", seed: int = 0) -> Output:
        match self.spec.needs:
            case "signal" | "recon":
                return sample({"signal": self.x}, masking, seed)
            case "codes":
                tokens = TOKENS.replace(c=self.x["c"], n=self.x["n"])
                return sample_tokens(tokens, {"codes": self.x}, masking, seed)
            case "tokens":
                return sample_tokens(self.x, {}, masking, seed)
        return sample({"image": self.x}, masking, seed)

    @property
    def promised(self) -> Mapping[str, Shape]:
        return {"logits": Shape.of("k", self.classes)}

    def build(self) -> nn.Module:
        self.spec.check(self.x)
        module: nn.Module = self.spec.build(self.x, self.classes)
        return module

    def run(self, module: nn.Module, batch: Output) -> Results:
        assert isinstance(module, Head)
        logits = module(batch)
        labels = torch.arange(len(logits)) % self.classes
        return {"logits": logits, "loss.ce": F.cross_entropy(logits, labels)}


AnyTrial = Trial[Any]
"""A trial of any role."""


def trial_of(spec: ComponentSpec, x: Shape | None, series: Shape | None, classes: int) -> AnyTrial:
    """The trial of the role of ``spec``, with small shapes where none are given."""
    match spec:
        case FusionSpec():
            return FusionTrial(spec, x or SIGNAL)
        case ImageSpec():
            return ImageTrial(spec, x or SIGNAL)
        case EncoderSpec():
            return EncoderTrial(spec, x or (SIGNAL if spec.reads == "c t" else IMAGE))
        case QuantizerSpec():
            return QuantizerTrial(spec, x or TOKENS)
        case DecoderSpec():
            return DecoderTrial(spec, x or TOKENS, series or SIGNAL)
        case HeadSpec():
            read = {"signal": SIGNAL, "recon": SIGNAL, "tokens": TOKENS, "codes": CODES, "image": IMAGE}
            return HeadTrial(spec, x or read[spec.needs], classes)
    raise AssertionError(f"{spec!r} has no role")


def _named(losses: Losses) -> Results:
    return {f"loss.{name}": value for name, value in losses.items()}
