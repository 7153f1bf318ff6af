"""Spec types narrowed to the available components, so that pydantic and editors know every field."""

from collections.abc import Mapping, Sequence
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, cast

from pydantic import Field, create_model

from zoo_registry.component import ComponentSpec
from zoo_registry.model import ModelSpec
from zoo_registry.run import RunSpec


def narrow_model(kinds: Mapping[str, Sequence[type[ComponentSpec]]]) -> type[ModelSpec]:
    """ModelSpec whose component fields are unions of ``kinds``, discriminated by ``kind``."""
    parts: dict[str, Any] = {}
    for role, specs in kinds.items():
        if specs:
            union: Any = Annotated[reduce(or_, specs), Field(discriminator="kind")]
            parts[role] = (union | None, None)
    return cast(type[ModelSpec], create_model("ModelSpec", __base__=ModelSpec, __doc__=ModelSpec.__doc__, **parts))


@cache
def narrow_run(model: type[ModelSpec]) -> type[RunSpec]:
    """RunSpec over ``model``."""
    field: Any = (model, ...)
    return cast(type[RunSpec], create_model("RunSpec", __base__=RunSpec, __doc__=RunSpec.__doc__, model=field))
