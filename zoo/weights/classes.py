"""Which class of a source of weights is which class of the model, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoo_registry import ModelSpec, class_order

_SHOWN = 3


@dataclass(frozen=True)
class ClassMatch:
    """Names of the classes here and in the source, None where unknown."""

    here: tuple[str, ...] | None
    there: tuple[str, ...] | None

    @classmethod
    def of(cls, model: ModelSpec, source: Mapping[str, Any]) -> "ClassMatch":
        """The classes of a model and of the model that weights come from, whose spec may be of other plugins."""
        return cls(None if model.input is None else model.input.class_names, _names(source.get("input")))

    @property
    def order(self) -> tuple[int, ...] | None:
        """The source's number of each class here; None unless both name the same classes."""
        return None if self.here is None or self.there is None else class_order(self.here, self.there)

    @property
    def equal(self) -> bool:
        """Whether a class has the same number on both sides, as far as names tell."""
        if self.here is None or self.there is None:
            return True
        return self.order == tuple(range(len(self.here)))

    @property
    def doubt(self) -> str:
        """What to say where one side alone names its classes."""
        if (self.here is None) == (self.there is None):
            return ""
        unnamed = "the source" if self.there is None else "the model"
        return f"{unnamed} names no classes: compared by number"

    @property
    def words(self) -> str:
        """How the classes differ."""
        assert self.here is not None
        assert self.there is not None
        if self.order is not None:
            return "the classes come in another order"
        ours, theirs = set(self.here), set(self.there)
        return f"the classes differ: {_some(theirs - ours)} in the source, {_some(ours - theirs)} here"


def _names(given: Any) -> tuple[str, ...] | None:
    names = given.get("class_names") if isinstance(given, Mapping) else None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names) or None


def _some(names: set[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(sorted(names)[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
