"""zoo-bag: bag-of-shapes heads, which count how often stretches of a signal match each code."""

from zoo_registry import HeadSpec, hookimpl

from zoo_bag.specs import BagRecon, BagSignal


@hookimpl
def zoo_components() -> list[type[HeadSpec]]:
    return [BagSignal, BagRecon]
