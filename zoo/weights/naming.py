"""Match tensors of a source to tensors of a model: names, renamed paths, numbered layers."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import floor

from zoo_registry import BundleError, TransferSpec
from zoo_registry.explain import unknown

from zoo.weights.report import inside


@dataclass
class Pairs:
    """Names ``here`` with their names in the source, and the reasons why some names on either side are unmatched."""

    here: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    """By source name for unused tensors, and by name here for tensors without a source or with another layer number."""


def pair(source: Collection[str], here: Collection[str], stacks: Iterable[str], transfer: TransferSpec) -> Pairs:
    """Pair names of ``source`` with names of a model, whose ``stacks`` are paths of numbered layers.

    Raises SpecError or BundleError if a path in `map` does not exist, or if two tensors map to the same name.
    """
    _require_known(transfer, source, here)
    pairs = _renamed(source, transfer)
    for stack in stacks:
        _renumber(pairs, stack, here, transfer.layers)
    return pairs


def _require_known(transfer: TransferSpec, source: Collection[str], here: Collection[str]) -> None:
    for start, end in transfer.map.items():
        for path, names, what in ((start, source, "the source"), (end, here, "the model")):
            known = _paths(names)
            if path not in known:
                raise unknown(f"map {start}={end}", f"a path in {what}", path, known, _listing(known))


def _listing(paths: Collection[str]) -> str:
    top = [path for path in paths if "." not in path]
    return f"it holds {', '.join(top) or 'nothing'}"


def _paths(names: Iterable[str]) -> list[str]:
    """Paths of every module and tensor in ``names``, outer ones first."""
    found = (path for name in names for path in accumulate(name.split("."), lambda outer, step: f"{outer}.{step}"))
    return list(dict.fromkeys(found))


def _renamed(source: Iterable[str], transfer: TransferSpec) -> Pairs:
    pairs, plain = Pairs(), []
    for name in source:
        starts = [start for start in transfer.map if inside(name, start)]
        if not starts:
            plain.append(name)
            continue
        start = max(starts, key=len)
        new = transfer.map[start] + name.removeprefix(start)
        if new in pairs.here:
            found = f"{pairs.here[new]} and {name}"
            raise BundleError(f"map {start}={transfer.map[start]}", f"one tensor for {new}", found, "map one of them")
        pairs.here[new] = name
    for name in plain:
        if name in pairs.here:
            pairs.reasons[name] = f"`map` gives its place to {pairs.here[name]}"
        else:
            pairs.here[name] = name
    return pairs


def _renumber(pairs: Pairs, stack: str, here: Collection[str], layers: str) -> None:
    """Pair the layers of ``stack`` if source and model have different numbers of layers."""
    theirs, ours = _layers(pairs.here, stack), _layers(here, stack)
    if not theirs or not ours or len(theirs) == len(ours):
        return
    layer_map = _layer_map(len(theirs), len(ours), layers)
    words = _words(len(theirs), len(ours), layer_map, layers)
    moved = {name: pairs.here.pop(name) for name in list(pairs.here) if inside(name, stack)}
    for name, origin in moved.items():
        number, _, rest = name.removeprefix(f"{stack}.").partition(".")
        if number.isdecimal() and int(number) in layer_map:
            target = f"{stack}.{layer_map[int(number)]}.{rest}"
            pairs.here[target] = origin
            pairs.reasons[target] = words
        else:
            pairs.reasons[origin] = words
    for name in here:
        if inside(name, stack) and name not in pairs.here:
            pairs.reasons[name] = words


def _layers(names: Iterable[str], stack: str) -> set[int]:
    numbers = {name.removeprefix(f"{stack}.").partition(".")[0] for name in names if inside(name, stack)}
    return {int(number) for number in numbers if number.isdecimal()}


def _layer_map(theirs: int, ours: int, layers: str) -> Mapping[int, int]:
    """Map from the index of a layer in the source to its index here."""
    few, many = min(theirs, ours), max(theirs, ours)
    step = (many - 1) / (few - 1) if layers == "even" and few > 1 else 1
    spread = [floor(index * step + 0.5) for index in range(few)]
    return dict(zip(spread, range(few), strict=True)) if theirs > ours else dict(enumerate(spread))


def _words(theirs: int, ours: int, layer_map: Mapping[int, int], layers: str) -> str:
    taken, verb = (layer_map.keys(), "taken") if theirs > ours else (layer_map.values(), "filled")
    numbers = ", ".join(map(str, sorted(taken)))
    which = (
        f"the first {len(layer_map)}"
        if layers == "first"
        else f"layers {numbers}"
        if len(layer_map) > 1
        else f"layer {numbers}"
    )
    return f"{theirs} layers in the source, {ours} here: {which} {verb}"
