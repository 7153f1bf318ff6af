"""The spec of a whole model: an input and one component per role."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, SerializeAsAny, model_validator

from zoo_registry.component import (
    ComponentSpec,
    DecoderSpec,
    EncoderSpec,
    FusionSpec,
    HeadSpec,
    ImageSpec,
    QuantizerSpec,
    Spec,
)
from zoo_registry.input import AnyInput, InputSpec
from zoo_registry.roles import roles_of
from zoo_registry.shapes import Shape
from zoo_registry.text import TextSpec
from zoo_registry.trace import Trace, trace

RECON_TERM = (
    "mean squared error of the reconstruction over observed samples, in the input's units squared or, with relative "
    "`errors`, over each channel's variance in its window"
)


class ModelSpec(Spec):
    """A whole model; the registry narrows each field to the installed components.

    The forward pass: fold, remove scale, encode, mix, quantize, decode, restore scale, unfold; the head last.
    """

    json_schema: str | None = Field(default=None, alias="$schema", exclude=True)
    """Location of the JSON schema, for editors; ignored."""

    input: AnyInput | None = None
    """The input: a signal, or images if it has a height and a width; a run spec may take it from the data."""

    fusion: SerializeAsAny[FusionSpec] | None = None
    """How channels are folded into series; none keeps them unchanged."""

    image: SerializeAsAny[ImageSpec] | None = None
    """An image of the signal, for components that read (c h w); none if the input is images."""

    encoder: SerializeAsAny[EncoderSpec] | None = None
    """Series or image to tokens."""

    quantizer: SerializeAsAny[QuantizerSpec] | None = None
    """Tokens to codes."""

    decoder: SerializeAsAny[DecoderSpec] | None = None
    """Tokens to series."""

    head: SerializeAsAny[HeadSpec] | None = None
    """Its input to class logits."""

    text: SerializeAsAny[TextSpec] | None = None
    """Loss terms that bind tokens and codes to words for what a class consists of; used in training alone."""

    scale: Literal["instance", "none"] = "instance"
    """instance: remove each folded series' mean and deviation before the encoder and restore them after the decoder."""

    errors: Literal["units", "relative"] = "units"
    """Scale of the terms x and s. units: in the squared units of the input. relative: divided by the variance of each
    channel's window and each folded series, so that weights mean the same for g, m/s² and unitless data."""

    codebook: Literal["shared", "per_channel"] = "shared"
    """One codebook for all folded channels, or one per channel."""

    @model_validator(mode="after")
    def _components_fit(self) -> "ModelSpec":
        if self.input is not None:
            trace(self)
        return self

    @property
    def channelwise(self) -> bool:
        """Whether the model accepts any number of channels, each processed independently with the same weights.

        A shared codebook does not depend on channels; images and heads do.
        """
        if not isinstance(self.input, InputSpec) or self.encoder is None or self.image or self.head:
            return False
        parts = (self.fusion, self.encoder, self.decoder)
        return self.codebook == "shared" and all(part is None or part.channelwise for part in parts)

    def trace(self) -> Trace:
        """Shape after every stage; raise SpecError without ``input``."""
        return trace(self)

    def components(self) -> Iterator[tuple[str, ComponentSpec]]:
        """Role and spec of every component, in the order of the forward pass."""
        for role in roles_of("model"):
            if (part := getattr(self, role)) is not None:
                yield role, part

    def plugins(self) -> list[str]:
        """Names of the plugins this model needs, sorted."""
        return sorted({kind.partition(".")[0] for _, part in self.components() for kind in part.kinds()})

    def terms(self) -> Mapping[str, str]:
        """Loss terms of the model, each with a sentence."""
        found: dict[str, str] = {"x": RECON_TERM} if self.decoder else {}
        for _, part in self.components():
            found.update(part.terms)
        return found

    def taps(self) -> Mapping[str, Shape | None]:
        """The features of the head that can be read, as `HeadSpec.taps`; empty without a head or an ``input``."""
        if self.head is None or self.input is None:
            return {}
        return self.head.taps(self.trace().read_by(self.head))

    def dump(self) -> dict[str, Any]:
        """Plain JSON data, complete: every default filled in."""
        return self.model_dump(mode="json")
