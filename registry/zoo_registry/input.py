"""The input of a model: a signal or an image, with its metadata."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo, field_validator

from zoo_registry.component import Spec
from zoo_registry.shapes import Shape


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("distinct names")
    return names


def _counted(names: tuple[str, ...] | None, sizes: ValidationInfo, axis: str) -> tuple[str, ...] | None:
    """``names``; raise ValueError unless their number equals the field ``axis``."""
    size = sizes.data.get(axis)
    if names is not None and size is not None and size != len(names):
        raise ValueError(f"{size} names, as {axis} says")
    return names


def _name_per_class(names: tuple[str, ...] | None, sizes: ValidationInfo) -> tuple[str, ...] | None:
    return _counted(names, sizes, "classes")


def _name_per_channel(names: tuple[str, ...] | None, sizes: ValidationInfo) -> tuple[str, ...] | None:
    return _counted(names, sizes, "channels")


Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_distinct)]
Rate = Annotated[float, Field(gt=0, le=1e9)]
Units = Annotated[str, Field(min_length=1, max_length=40)]
Smooth = Annotated[float, Field(ge=0, le=1e9)]


class InputSpec(Spec):
    """The model input: a signal `c t` in the data's own units."""

    channels: int = Field(ge=1, le=4096)
    """Channels (axes) of the sensor."""

    length: int = Field(ge=2, le=1_000_000)
    """Samples of a window."""

    classes: int | None = Field(default=None, ge=2, le=100_000)
    """Number of classes; needed by a head."""

    class_names: Names | None = None
    """Name of each class in the order of the logits; null where unknown, and classes are then compared by number."""

    channel_names: Names | None = None
    """Name of each channel; null if unknown."""

    rate: Rate | None = None
    """Sampling rate, Hz, after the length step; null if unknown."""

    units: Units | None = None
    """Unit of the values, such as g or m/s²; null if unknown."""

    smooth: Smooth | None = None
    """Seconds of the centred moving mean that the windows had; 0 for none, null if unknown."""

    _class_names = field_validator("class_names")(_name_per_class)
    _channel_names = field_validator("channel_names")(_name_per_channel)

    @property
    def shape(self) -> Shape:
        """The signal, `c t`."""
        return Shape.of("c t", self.channels, self.length)

    @property
    def channel_labels(self) -> tuple[str, ...]:
        """The names of the channels, for people; their numbers where unknown."""
        return self.channel_names or tuple(f"channel {c}" for c in range(self.channels))

    def conflicts(self, other: "InputSpec") -> Iterator[tuple[str, Any, Any]]:
        """Name, value here and value in ``other`` of each field that both know and that differs."""
        for field in type(self).model_fields:
            here, there = getattr(self, field), getattr(other, field)
            if here is not None and there is not None and here != there:
                yield field, here, there


class ImageInputSpec(Spec):
    """The model input: images `c h w`, standardised by the head if it has a standardisation."""

    channels: int = Field(ge=1, le=4096)
    """Channels of an image; one per sensor axis if the image shows a signal."""

    height: int = Field(ge=1, le=4096)
    """Rows of pixels."""

    width: int = Field(ge=1, le=4096)
    """Columns of pixels."""

    classes: int | None = Field(default=None, ge=2, le=100_000)
    """Number of classes; needed by a head."""

    class_names: Names | None = None
    """Name of each class in the order of the logits; null where unknown, and classes are then compared by number."""

    _class_names = field_validator("class_names")(_name_per_class)

    @property
    def shape(self) -> Shape:
        """The image, `c h w`."""
        return Shape.of("c h w", self.channels, self.height, self.width)


def _which_input(given: object) -> str:
    """An input with a height or a width is an image; the tags are type names, because `explain` removes those."""
    pictured = isinstance(given, dict) and not given.keys().isdisjoint({"height", "width"})
    return "ImageInputSpec" if pictured or isinstance(given, ImageInputSpec) else "InputSpec"


AnyInput = Annotated[
    Annotated[InputSpec, Tag("InputSpec")] | Annotated[ImageInputSpec, Tag("ImageInputSpec")],
    Discriminator(_which_input),
]


def class_order(here: Sequence[str], there: Sequence[str]) -> tuple[int, ...] | None:
    """For each class of ``here``, its index in ``there``; None unless both have the same classes.

    Case is ignored if the result is unambiguous: some readers convert names to lower case.
    """
    if set(here) != set(there):
        here, there = ([name.casefold() for name in names] for names in (here, there))
        if set(here) != set(there) or len(set(here)) < len(here):
            return None
    numbers = {name: number for number, name in enumerate(there)}
    return tuple(numbers[name] for name in here)
