"""zoo-bag: a bag of shapes, heads that count which stretches of a signal look like which code."""

from zoo_registry import HeadSpec, hookimpl

from zoo_bag.specs import BagRecon, BagSignal


@hookimpl
def zoo_components() -> list[type[HeadSpec]]:
    return [BagSignal, BagRecon]
