"""The component that embeds texts, as a command names it."""

import json

from pydantic import ValidationError
from zoo_registry import EmbedSpec, Registry, SpecError
from zoo_registry.explain import explain


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
