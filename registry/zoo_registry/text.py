"""Specs of text: what an activity consists of, in words, and how these words become vectors and loss terms."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, SerializeAsAny, model_validator

from zoo_registry.component import ComponentSpec
from zoo_registry.errors import PluginError, SpecError
from zoo_registry.shapes import Shape
from zoo_registry.spelling import normal_text

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

ActionText = Annotated[str, Field(min_length=1, max_length=1000)]
ClassTexts = Mapping[str, Annotated[tuple[ActionText, ...], Field(min_length=1, max_length=1000)]]
"""The actions of each class, in order."""

Control = Literal["none", "shuffled", "random", "one-hot"]
"""What replaces the words of a class: nothing, words of another class, random vectors, or the class itself."""


class EmbedSpec(ComponentSpec):
    """Vectors of texts; equal texts have equal vectors, on every machine. Nothing here may import torch."""

    role: ClassVar[str] = "embed"
    home: ClassVar[Literal["component"]] = "component"
    reads: ClassVar[str] = "texts n"
    returns: ClassVar[str] = "n d"

    def width(self, texts: Sequence[str]) -> int:
        """Numbers d of a vector for these ``texts``."""
        return int(self.rows(texts).shape[1])

    @abstractmethod
    def rows(self, texts: Sequence[str]) -> "NDArray[float64]":
        """A vector for each of ``texts``, which may repeat, `(n d)`. Raises DataError if they cannot be had."""


class Vocabulary(NamedTuple):
    """Texts of the actions of the classes: ``texts`` g are distinct; ``numbers`` are those of each class, in order."""

    texts: tuple[str, ...]
    numbers: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, given: ClassTexts) -> "Vocabulary":
        """Those of each class of ``given``, numbered in the order of first appearance; texts that Unicode calls
        equivalent are one, in its first spelling."""
        texts: dict[str, str] = {}
        for actions in given.values():
            for text in actions:
                texts.setdefault(normal_text(text), text)
        order = {text: number for number, text in enumerate(texts)}
        numbers = tuple(tuple(order[normal_text(text)] for text in actions) for actions in given.values())
        return cls(tuple(texts.values()), numbers)

    def rows(self, embed: EmbedSpec) -> "NDArray[float64]":
        """The vector of each text, `(g d)`.

        ``embed`` is given every action of every class, so an action of two classes counts twice. Raises DataError if it
        has no vectors for them, and PluginError if it breaks its contract.
        """
        import numpy as np

        every = [number for numbers in self.numbers for number in numbers]
        found = embed.rows([self.texts[number] for number in every])
        where, hint = f"{embed.kind}.rows", "repair the plugin: zoo.testing.check_component tests it"
        if found.ndim != 2 or len(found) != len(every):
            raise PluginError(where, f"({len(every)}, d) numbers", f"shape {found.shape}", hint)
        if not np.isfinite(found).all():
            raise PluginError(where, "finite numbers", "NaN or infinity", hint)
        first = {number: place for place, number in reversed(list(enumerate(every)))}
        return found[[first[number] for number in range(len(self.texts))]]

    @property
    def most(self) -> int:
        """The largest number of actions of a class."""
        return max(map(len, self.numbers))


class TextSpec(ComponentSpec):
    """Loss terms that bind tokens and codes to the words for what a class consists of. Inference never reads text.

    ``actions`` and ``width`` are filled in from ``file`` and ``embed`` when the classes of the data are known: they
    take the place of ``file`` and ``use``. Bundles store them and need neither file nor embedder. The texts of a class
    are looked up by its label. ``needs_codes``: it reads codes of a quantizer; ``needs_words``: it reads words, and not
    labels alone.
    """

    role: ClassVar[str] = "text"
    reads: ClassVar[str] = "c n d, codes, labels"
    returns: ClassVar[str] = "losses"
    needs_codes: ClassVar[bool] = False
    needs_words: ClassVar[bool] = True

    file: str | None = None
    """JSON file with the actions of every class, or the name of one that comes with the zoo, such as basic_motions."""

    use: Literal["both", "arm", "leg"] = "both"
    """Part of actions that are given for arm and leg."""

    actions: ClassTexts | None = Field(default=None, max_length=100_000)
    """The actions of each class; null takes them from `file`."""

    embed: SerializeAsAny[EmbedSpec] | None = None
    """How actions become vectors."""

    width: int | None = Field(default=None, ge=1, le=1_000_000)
    """Numbers of the vector of an action; null asks `embed`."""

    control: Control = "none"
    """What replaces the vectors, to see whether words help or labels would: those of another class, random ones of the
    same lengths, or one per class."""

    @model_validator(mode="after")
    def _one_source_of_words(self) -> "TextSpec":
        if self.actions is not None and self.file is not None:
            hint = "set text.actions and text.width to null to read the file"
            raise SpecError("text.file", "null, as the actions are given", self.file, hint)
        if self.file is None and self.use != "both":
            hint = "name the file, or remove it; the actions of a trained run were chosen when it was trained"
            raise SpecError("text.use", "a file to choose from", "none", hint)
        return self

    @property
    def vocabulary(self) -> Vocabulary:
        """The actions that have a vector: those of the classes, or with the control one-hot the classes themselves.

        Raises SpecError if the actions are not filled in.
        """
        if self.actions is None:
            raise SpecError("text.actions", "the actions of the classes", "none", "name a file of actions as text.file")
        if self.control == "one-hot":
            numbers = tuple((number,) * len(texts) for number, texts in enumerate(self.actions.values()))
            return Vocabulary(tuple(self.actions), numbers)
        return Vocabulary.of(self.actions)

    @property
    def columns(self) -> int | None:
        """Numbers of a vector, with a control too: one-hot vectors need one per class. None before it is filled in."""
        if self.width is None or self.actions is None or self.control != "one-hot":
            return self.width
        return max(self.width, len(self.actions))

    def check(self, tokens: Shape) -> None:
        """Raise SpecError or ShapeError if the component cannot read ``tokens`` `c n d`."""
        return

    @abstractmethod
    def build(self, tokens: Shape, attributes: int) -> Any:
        """`zoo.contracts.Text` for tokens `c n d` with so many ``attributes``."""
