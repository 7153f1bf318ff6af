"""Components in fields of other components: found, loaded, narrowed, migrated and counted as plugins."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from pydantic import Field, SerializeAsAny
from zoo_registry import EmbedSpec, QuantizerSpec, Registry, SpecError, TextSpec, UnknownKindError
from zoo_registry.roles import inner_roles


class LettersSpec(EmbedSpec):
    """The number of letters."""

    kind: Literal["inner.letters"] = "inner.letters"
    gained: ClassVar[dict[str, Any]] = {"times": 1}

    times: int = Field(default=2, ge=1, le=9)
    """Factor."""

    def rows(self, texts: Sequence[str]) -> Any:
        return self.times * np.array([[float(len(text))] for text in texts])


class NearSpec(TextSpec):
    """Text with an embedding and a codebook of its own."""

    kind: Literal["inner.near"] = "inner.near"
    terms: ClassVar[dict[str, str]] = {"near": "distance"}

    embed: SerializeAsAny[EmbedSpec] = LettersSpec()
    """How actions become vectors."""

    book: SerializeAsAny[QuantizerSpec] | None = None
    """Codes of actions."""

    def build(self, tokens: Any, attributes: int) -> None:
        """Nothing: only the spec is tested."""


class JoinedSpec(EmbedSpec):
    """Several embeddings beside each other, of any kind but this."""

    kind: Literal["inner.joined"] = "inner.joined"

    parts: tuple[SerializeAsAny[EmbedSpec], ...] = Field(default=(), max_length=3)
    """Embeddings."""

    def rows(self, texts: Sequence[str]) -> Any:
        return np.concatenate([part.rows(texts) for part in self.parts], axis=1)


class Plugin:
    """A plugin with all of them."""

    @staticmethod
    def zoo_components() -> list[type[Any]]:
        return [JoinedSpec, LettersSpec, NearSpec]


@pytest.fixture
def registry():
    from zoo_registry import hookimpl

    Plugin.zoo_components = staticmethod(hookimpl(Plugin.zoo_components))  # type: ignore[method-assign]
    found = Registry.discover()
    found.register(Plugin, "inner")
    return found


def model(**text: Any) -> dict[str, Any]:
    return {"encoder": {"kind": "conv.encoder"}, "text": {"kind": "inner.near", **text}}


def test_the_fields_with_components_are_those_whose_type_is_a_role():
    assert inner_roles(NearSpec) == {"embed": "embed", "book": "quantizer"}
    assert inner_roles(LettersSpec) == {}


def test_an_inner_component_is_of_its_own_type_and_its_plugin_is_loaded(registry):
    found = registry.model(model(embed={"kind": "inner.letters", "times": 3}, book={"kind": "quantizers.fsq"}))
    assert isinstance(found.text, NearSpec)
    assert isinstance(found.text.embed, LettersSpec)
    assert found.text.embed.times == 3
    assert found.plugins() == ["conv", "inner", "quantizers"]
    assert registry.model(found.dump()) == found


def test_a_mistake_in_an_inner_component_is_named_with_its_path(registry):
    for part, where in (
        ({"embed": {"kind": "inner.leters"}}, "text.embed.kind"),
        ({"embed": {"times": 3}}, "text.embed"),
        ({"embed": {"kind": "inner.letters", "times": 0}}, "text.embed.times"),
        ({"embed": {"kind": "inner.letters", "size": 3}}, "text.embed.size"),
        ({"book": {"kind": "inner.letters"}}, "text.book.kind"),
    ):
        with pytest.raises((SpecError, UnknownKindError)) as caught:
            registry.model(model(**part))
        assert caught.value.where == where


def test_stored_inner_components_get_the_fields_that_they_have_gained(registry):
    stored = registry.migrate(model(embed={"kind": "inner.letters"}))
    assert stored["text"]["embed"] == {"kind": "inner.letters", "times": 1}
    assert registry.model(stored).text.embed.times == 1


def joined(*parts: dict[str, Any]) -> dict[str, Any]:
    return model(embed={"kind": "inner.joined", "parts": list(parts)})


def test_a_list_of_components_in_one_of_their_own_role_is_read_like_a_single_one(registry):
    letters, words = {"kind": "inner.letters"}, {"kind": "text.tfidf"}
    found = registry.model(joined({**letters, "times": 3}, words))
    assert found.text.embed.parts[0].times == 3
    assert found.plugins() == ["conv", "inner", "text"]
    assert registry.model(found.dump()) == found
    stored = registry.migrate(joined(letters, words))
    assert stored["text"]["embed"]["parts"] == [{**letters, "times": 1}, words]
    for part, where in (
        ({"kind": "inner.leters"}, "text.embed.parts.1.kind"),
        ({"kind": "inner.letters", "times": 0}, "text.embed.parts.1.times"),
    ):
        with pytest.raises((SpecError, UnknownKindError)) as caught:
            registry.model(joined(letters, part))
        assert caught.value.where == where
    with pytest.raises(SpecError):
        registry.model(joined({"kind": "inner.joined"}))
    with pytest.raises(SpecError, match="parts: expected tuple should have at most 3 items"):
        registry.model(joined(*[letters] * 4))
