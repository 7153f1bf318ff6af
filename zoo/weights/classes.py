"""Match classes of a weights source to classes of the model, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoo_registry import ModelSpec, class_order

_SHOWN = 3


@dataclass(frozen=True)
class ClassMatch:
    """Class names here and in the source, None if unknown."""

    here: tuple[str, ...] | None
    there: tuple[str, ...] | None

    @classmethod
    def of(cls, model: ModelSpec, source: Mapping[str, Any]) -> "ClassMatch":
        """The classes of a model and of the source model, whose spec may use other plugins."""
        return cls(None if model.input is None else model.input.class_names, _names(source.get("input")))

    @property
    def order(self) -> tuple[int, ...] | None:
        """The source index of each class here; None unless both name the same classes."""
        return None if self.here is None or self.there is None else class_order(self.here, self.there)

    @property
    def equal(self) -> bool:
        """Whether every class has the same index on both sides, according to names."""
        if self.here is None or self.there is None:
            return True
        return self.order == tuple(range(len(self.here)))

    @property
    def doubt(self) -> str:
        """The sentence for the case that only one side names its classes."""
        if (self.here is None) == (self.there is None):
            return ""
        unnamed = "the source" if self.there is None else "the model"
        return f"{unnamed} names no classes: compared by number"

    @property
    def words(self) -> str:
        """Description of how the classes differ."""
        if self.order is not None:
            return "the classes come in another order"
        ours, theirs = set(self.here or ()), set(self.there or ())
        return f"the classes differ: {_some(theirs - ours)} in the source, {_some(ours - theirs)} here"


def _names(given: Any) -> tuple[str, ...] | None:
    names = given.get("class_names") if isinstance(given, Mapping) else None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names) or None


def _some(names: set[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(sorted(names)[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
