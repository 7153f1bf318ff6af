"""Specs of the text components."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, SerializeAsAny
from zoo_registry import EmbedSpec, QuantizerSpec, Shape, SpecError, TextSpec

from zoo_text.embedders import TfidfSpec

if TYPE_CHECKING:
    from zoo.contracts import Text

_ACTIONS = "divergence of the predicted actions of a token from those it attends to"
_WORDS: Mapping[str, str] = {
    "con": "supervised contrast between signals and texts of a batch, both ways",
    "nce": "contrast of each signal with its own text and those of other classes, both ways",
    "same": "squared difference of tokens of the signal alone and fused tokens, over the mean square of these",
    "a": "codes of actions: their quantizer's term, or which action each fused text token is",
}


class WordsSpec(TextSpec):
    """Base of the kinds that read words."""

    embed: SerializeAsAny[EmbedSpec] = TfidfSpec()
    """How actions become vectors."""

    feed: Literal["z", "tokens"] = "z"
    """What the actions attend to, and are attended by: the values of tokens, or also their attributes."""

    codebook: SerializeAsAny[QuantizerSpec] | None = None
    """Learned codes of fused text tokens; null: the actions themselves, which are fixed."""

    heads: int = Field(default=1, ge=1, le=64)
    """Attention heads; they divide the width of a token."""

    hidden: int = Field(default=64, ge=1, le=8192)
    """Hidden units of the network that names actions."""

    temperature: float = Field(default=0.1, ge=0.001, le=100)
    """Divisor of the cosines in contrasts."""

    def check(self, tokens: Shape) -> None:
        if tokens["d"] % self.heads:
            hint = "choose a number of heads that divides it"
            raise SpecError("text.heads", f"heads that divide tokens of width {tokens['d']}", str(self.heads), hint)
        if self.codebook is not None:
            self.codebook.codebook(tokens)


class FusedSpec(WordsSpec):
    """Tokens and actions attend to each other, and an action decoder beside the shape decoder names every code.

    Tokens fused with text are in loss terms alone: what a model gives is computed from the signal.
    """

    kind: Literal["text.fused"] = "text.fused"
    needs_codes: ClassVar[bool] = True
    terms: ClassVar[Mapping[str, str]] = {
        **_WORDS,
        "act": f"{_ACTIONS}, predicted from its code",
        "label": "one minus the cosine between the text of the class and the mean of the predicted actions",
    }

    def build(self, tokens: Shape, attributes: int) -> "Text":
        from zoo_text.words import Words

        return Words(self, tokens, attributes, reads="codes")


class AttributedSpec(WordsSpec):
    """Like text.fused, but actions are predicted from a token and its attributes before it is quantized, not from its
    code."""

    kind: Literal["text.attributed"] = "text.attributed"
    terms: ClassVar[Mapping[str, str]] = {
        **_WORDS,
        "act": f"{_ACTIONS}, predicted from its value and attributes",
        "label": FusedSpec.terms["label"],
    }

    def build(self, tokens: Shape, attributes: int) -> "Text":
        from zoo_text.words import Words

        return Words(self, tokens, attributes, reads="attributes")


class LabelsSpec(TextSpec):
    """Supervised contrast of signals by their labels, without any text: what words are compared with."""

    kind: Literal["text.labels"] = "text.labels"
    needs_words: ClassVar[bool] = False
    terms: ClassVar[Mapping[str, str]] = {"con": "supervised contrast between the signals of a batch"}

    temperature: float = Field(default=0.1, ge=0.001, le=100)
    """Divisor of the cosines."""

    def build(self, tokens: Shape, attributes: int) -> Any:
        from zoo_text.labels import Labels

        return Labels(tokens["d"], self.temperature)
