"""Spec base classes, one per role: hyper-parameters of a component and the shapes of its output."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler

from zoo_registry.attributes import Attribute
from zoo_registry.shapes import Shape

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

Need = Literal["signal", "recon", "tokens", "codes", "image"]

READS: Mapping[Need, str] = {
    "signal": "c t",
    "recon": "c t",
    "tokens": "c n d",
    "codes": "c n q k",
    "image": "c h w",
}


class Spec(BaseModel):
    """Base of every part of a spec file: frozen; unknown fields are errors; the string under a field is its
    description."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: "CoreSchema", handler: GetJsonSchemaHandler) -> "JsonSchemaValue":
        from zoo_registry.docs import descriptions

        schema = handler(core)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in descriptions(cls).items():
            properties[cls.model_fields[name].alias or name]["description"] = text
        return schema


class ComponentSpec(Spec, ABC):
    """Hyper-parameters of one component.

    A subclass sets ``kind`` to a ``Literal`` of the form ``"plugin.name"`` with that default, gives every field a
    default, bounds and a description with its unit, and starts its docstring with one sentence. ``terms`` names the
    loss terms of the component, each with a sentence. ``gained`` lists fields that an earlier version did not have and
    whose default today differs from the earlier behaviour. Each maps to the value that reproduces that behaviour, for
    stored specs in which every field was filled in.
    """

    role: ClassVar[str]
    terms: ClassVar[Mapping[str, str]] = {}
    gained: ClassVar[Mapping[str, Any]] = {}

    kind: Any


class FusionSpec(ComponentSpec):
    """How channels become the series that an encoder reads, and how reconstructed series become channels again.

    ``channelwise``: every channel is processed independently, and no weight depends on the number of channels.
    """

    role: ClassVar[str] = "fusion"
    channelwise: ClassVar[bool] = False

    @abstractmethod
    def output(self, x: Shape) -> Shape:
        """Series `c' t'` after ``fold``, for a signal `c t`."""

    @abstractmethod
    def build(self, x: Shape, tokens: Shape) -> Any:
        """`zoo.contracts.Fusion` for a signal `c t` whose folded series become ``tokens`` `c' n d`."""


class ImageSpec(ComponentSpec):
    """An image of a signal, for image networks."""

    role: ClassVar[str] = "image"

    @abstractmethod
    def output(self, x: Shape) -> Shape:
        """Image `c h w` of a signal `c t`."""

    @abstractmethod
    def build(self, x: Shape) -> Any:
        """`zoo.contracts.Image` for a signal `c t`."""


class EncoderSpec(ComponentSpec):
    """Tokens from folded series, or from an image.

    ``reads`` is `c t` or `c h w`; ``attributes`` are those of every token, in the order in which heads read them.
    ``channelwise``: every series is processed independently, and no weight depends on the number of series.
    """

    role: ClassVar[str] = "encoder"
    reads: ClassVar[Literal["c t", "c h w"]] = "c t"
    attributes: ClassVar[tuple[Attribute, ...]] = ()
    channelwise: ClassVar[bool] = False

    @abstractmethod
    def output(self, x: Shape) -> Shape:
        """Tokens `c n d` for series `c t`, or `c=1 n d` for an image `c h w`."""

    @abstractmethod
    def build(self, x: Shape) -> Any:
        """`zoo.contracts.Encoder` for series `c t` or an image `c h w`."""


class QuantizerSpec(ComponentSpec):
    """Tokens replaced by entries of a codebook; the shape `c n d` does not change.

    Every quantizer has the loss term ``z``, so that the term weights of a run stay valid if ``kind`` changes. Each
    token is quantized independently: neither result nor weights depend on the number of series.
    """

    role: ClassVar[str] = "quantizer"

    @abstractmethod
    def codebook(self, x: Shape) -> Shape:
        """Code levels and codes `q k` for tokens `c n d`."""

    @abstractmethod
    def build(self, x: Shape) -> Any:
        """`zoo.contracts.Quantizer` for tokens `c n d`."""


class DecoderSpec(ComponentSpec):
    """Series from tokens; ``needs_attributes`` names the attributes that it reads.

    ``channelwise``: every series is processed independently, and no weight depends on the number of series."""

    role: ClassVar[str] = "decoder"
    needs_attributes: ClassVar[tuple[str, ...]] = ()
    channelwise: ClassVar[bool] = False

    @abstractmethod
    def output(self, tokens: Shape, series: Shape) -> Shape:
        """Series `c t` reconstructed from ``tokens`` `c n d`, with the shape of the folded ``series``."""

    @abstractmethod
    def build(self, tokens: Shape, series: Shape) -> Any:
        """Module from ``tokens`` `c n d` to ``series`` `c t`."""

    def shapes(self, tokens: Shape) -> Shape | None:
        """Decoded shapes `c n s`, or None for a decoder that draws none."""
        return None


class HeadSpec(ComponentSpec):
    """Class logits from the one input that the head ``needs``; ``needs_attributes`` names attributes that it reads.

    ``linear``: it is a `zoo.contracts.LinearHead`, whose map can be solved in closed form or learned by gradient.
    """

    role: ClassVar[str] = "head"
    terms: ClassVar[Mapping[str, str]] = {"ce": "cross-entropy between the logits and the labels"}
    needs: ClassVar[Need]
    needs_attributes: ClassVar[tuple[str, ...]] = ()
    linear: ClassVar[bool] = False

    def check(self, x: Shape) -> None:
        """Raise ShapeError if the head cannot read ``x``; its layout is already checked."""
        return

    @abstractmethod
    def build(self, x: Shape, classes: int) -> Any:
        """Module from ``x`` (laid out as ``READS[needs]``) to ``classes`` logits."""


ROLES: Mapping[str, type[ComponentSpec]] = {
    spec.role: spec for spec in (FusionSpec, ImageSpec, EncoderSpec, QuantizerSpec, DecoderSpec, HeadSpec)
}
