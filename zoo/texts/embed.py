"""Actions as vectors, by a component that embeds texts."""

import json

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from zoo_registry import EmbedSpec, PluginError, Registry, SpecError, normal_text
from zoo_registry.explain import explain

from zoo.texts.actions import Actions

Rows = NDArray[np.float64]


def read_embed(given: str, registry: Registry) -> EmbedSpec:
    """A component from its kind, or from JSON with its fields. Raises SpecError or PluginError."""
    data: object = {"kind": given}
    if given.lstrip().startswith("{"):
        try:
            data = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise SpecError("--embed", "a kind, or JSON with its fields", str(error), "quote the JSON") from None
    assert isinstance(data, dict)
    spec = registry.find(data.get("kind"), EmbedSpec.role, "--embed")
    try:
        found = spec.model_validate(data)
    except ValidationError as error:
        raise explain(error, spec, data) from None
    assert isinstance(found, EmbedSpec)
    return found


def embedded(actions: Actions, spec: EmbedSpec) -> Rows:
    """A vector for each of the distinct ``actions``, `(n d)`.

    ``spec`` is given every action of every class, so an action of two classes counts twice. Raises DataError if it has
    no vectors for them, and PluginError if it breaks its contract.
    """
    every = [text for texts in actions.texts.values() for text in texts]
    found = np.asarray(spec.rows(every), np.float64)
    hint = "repair the plugin: zoo.testing.check_component tests it"
    if found.ndim != 2 or len(found) != len(every):
        raise PluginError(f"{spec.kind}.rows", f"({len(every)}, d) numbers", f"shape {found.shape}", hint)
    if not np.isfinite(found).all():
        raise PluginError(f"{spec.kind}.rows", "finite numbers", "NaN or infinity", hint)
    first: dict[str, int] = {}
    for place, text in enumerate(every):
        first.setdefault(normal_text(text), place)
    return found[list(first.values())]
