"""Spec base classes, one per role: hyper-parameters of a component and the shapes of its output."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler

from zoo_registry.attributes import Attribute
from zoo_registry.shapes import Shape

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

Need = Literal["signal", "recon", "tokens", "codes", "image"]
Home = Literal["model", "data", "run", "component"]

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

    The base class of a role sets ``home``, the part of a run spec that has a field for it, and describes in ``reads``
    and ``returns`` what its components take and give. The field is named like the ``role``, unless ``field`` names it.
    A role whose home is a `component` has no such field: its components are in fields of others, such as
    ``embed: SerializeAsAny[EmbedSpec]``, and so may be those of any role, alone or in a tuple. Components of its own
    role must not contain others of that role.
    """

    role: ClassVar[str]
    home: ClassVar[Home] = "model"
    field: ClassVar[str] = ""
    reads: ClassVar[str]
    returns: ClassVar[str]
    terms: ClassVar[Mapping[str, str]] = {}
    gained: ClassVar[Mapping[str, Any]] = {}

    kind: Any

    def kinds(self) -> Iterator[str]:
        """Its own kind, and those of the components in its fields."""
        yield str(self.kind)
        for name in type(self).model_fields:
            given = getattr(self, name)
            for part in given if isinstance(given, tuple) else (given,):
                if isinstance(part, ComponentSpec):
                    yield from part.kinds()


class FusionSpec(ComponentSpec):
    """How channels become the series that an encoder reads, and how reconstructed series become channels again.

    ``channelwise``: every channel is processed independently, and no weight depends on the number of channels.
    """

    role: ClassVar[str] = "fusion"
    reads: ClassVar[str] = "c t"
    returns: ClassVar[str] = "c t folded, and unfolded again"
    channelwise: ClassVar[bool] = False

    @abstractmethod
    def output(self, x: Shape) -> Shape:
        """Series `c' t'` after ``fold``, for a signal `c t`."""

    @abstractmethod
    def build(self, x: Shape, tokens: Shape) -> Any:
        """`zoo.contracts.Fusion` for a signal `c t` whose folded series become ``tokens`` `c' n d`."""


class ImageSpec(ComponentSpec):
    """An image of a signal, for image networks.

    ``cached``: training stores the images on disk, because they take longer to make than to read. The image of a window
    then depends on that window and the buffers alone, to the last bit, and has no gradient.
    """

    role: ClassVar[str] = "image"
    reads: ClassVar[str] = "c t"
    returns: ClassVar[str] = "c h w"
    cached: ClassVar[bool] = False

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
    returns: ClassVar[str] = "c n d"
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
    reads: ClassVar[str] = "c n d"
    returns: ClassVar[str] = "c n d and codes c n q"

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
    reads: ClassVar[str] = "c n d"
    returns: ClassVar[str] = "c t"
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
    returns: ClassVar[str] = "k"
    terms: ClassVar[Mapping[str, str]] = {"ce": "cross-entropy between the logits and the labels"}
    needs: ClassVar[Need]
    needs_attributes: ClassVar[tuple[str, ...]] = ()
    linear: ClassVar[bool] = False

    @property
    def capacity(self) -> str:
        """A short name of the network's size for tables and pictures, such as 16-1; the kind if it has one size."""
        return str(self.kind)

    def check(self, x: Shape) -> None:
        """Raise ShapeError if the head cannot read ``x``; its layout is already checked."""
        return

    def taps(self, x: Shape) -> Mapping[str, Shape | None]:
        """Names and shapes of the features that the module's ``tapped`` returns for ``x``, from first to last.

        A shape is None if only the built network knows it. Empty for a head whose features cannot be read.
        """
        return {}

    @abstractmethod
    def build(self, x: Shape, classes: int) -> Any:
        """Module from ``x`` (laid out as ``READS[needs]``) to ``classes`` logits."""


class SourceSpec(ComponentSpec):
    """Stored windows with labels: where they are, and how they are read.

    ``locator`` names the field that says where: `path`, a file or folder on disk, or another name for data that come
    with a package. ``files`` are patterns of the files in its folder, by which a folder is recognised. ``mapped``:
    ``read`` maps the windows into memory instead of loading them, so that it is quick. Nothing here may import torch,
    and only the methods may import NumPy.
    """

    role: ClassVar[str] = "source"
    home: ClassVar[Home] = "data"
    reads: ClassVar[str] = "files"
    returns: ClassVar[str] = "windows n c t and labels n"
    locator: ClassVar[str] = "path"
    files: ClassVar[tuple[str, ...]] = ()
    mapped: ClassVar[bool] = False

    @property
    def location(self) -> str:
        """The value of the field ``locator``."""
        return str(getattr(self, self.locator))

    @property
    def place(self) -> Path | None:
        """The file or folder on disk; None for data that come with a package."""
        return Path(self.location).expanduser() if self.locator == "path" else None

    @abstractmethod
    def read(self) -> Any:
        """Everything, as a `zoo.sources.RawSet`; raise DataError for data that cannot be read."""

    def peek(self) -> Any:
        """Channels, lengths, classes and sensor as a `zoo.sources.Extent`, with as little reading as the files allow.

        Raises DataError as ``read`` does, for what shows without reading everything.
        """
        return self.read().extent

    @classmethod
    def claims(cls, place: Path) -> bool:
        """Whether a file in the folder ``place`` that is not hidden is named like ``files``.

        A source of single files replaces this.
        """
        return any(not path.name.startswith(".") for pattern in cls.files for path in place.glob(pattern))

    @classmethod
    def infer(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """``given``, plain data of a DataSpec with a source of this kind, and fields that its files determine.

        It completes `KIND:PATH` on the command line. Raises DataError if the files do not determine a required field.
        """
        return dict(given)


class DistillerSpec(ComponentSpec):
    """A loss between the head of a student and those of its teachers.

    ``maps``: it compares similarity maps of features, so student and teachers need heads with ``taps``.
    """

    role: ClassVar[str] = "distiller"
    home: ClassVar[Home] = "run"
    field: ClassVar[str] = "distill"
    reads: ClassVar[str] = "student b k, teachers m b k and their weights m b"
    returns: ClassVar[str] = "a loss"
    maps: ClassVar[bool] = False

    @abstractmethod
    def build(self) -> Any:
        """`zoo.contracts.Distiller`."""


class WeigherSpec(ComponentSpec):
    """The weight of every teacher, window by window.

    ``evidence``: weights depend on the predictions of the teachers, which mislead on windows they were trained on.
    """

    role: ClassVar[str] = "weigher"
    home: ClassVar[Home] = "run"
    field: ClassVar[str] = "weigh"
    reads: ClassVar[str] = "teachers m b k and labels b"
    returns: ClassVar[str] = "weights m b"
    evidence: ClassVar[bool] = True

    @abstractmethod
    def build(self, teachers: int) -> Any:
        """`zoo.contracts.Weigher` of that many teachers."""
