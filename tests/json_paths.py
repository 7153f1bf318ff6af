"""Paths to the values inside plain JSON data."""

from typing import Any


def places(tree: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value inside ``tree``."""
    steps = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else []
    return [path for step in steps for path in ((*way, step), *places(tree[step], (*way, step)))]
