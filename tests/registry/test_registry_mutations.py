"""Whatever is done to a spec, it is read or refused in one line."""

import copy
import json
from typing import Any

import pytest
import toy_plugin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zoo_registry import ROLES, Registry, ZooError

RUN = {
    "name": "run",
    "data": {
        "source": {"format": "npy", "path": "set", "layout": "c t"},
        "split": {"validation": 0.2},
        "length": {"to": 64, "method": "pad"},
    },
    "training": {
        "epochs": 2,
        "optimizer": {"kind": "sgd", "momentum": 0.5},
        "schedule": {"kind": "steps", "at": [0.5]},
        "phases": [
            {"name": "a", "learn": ["encoder"], "weights": {"x": 1, "z": {"end": 2, "over": 3}}},
            {"name": "b", "measure": True, "learn": [], "every": "batch"},
        ],
    },
    "evaluation": {"judges": {"wrn": "bundles/wrn"}},
    "transfer": [{"source": "bundles/a", "only": ["encoder"]}],
}


def filled(registry: Registry) -> Registry:
    """``registry`` with the toys beside what is installed."""
    registry.register(toy_plugin, "toy")
    registry.load_all()
    return registry


REGISTRIES = {"toys": filled(Registry()), "installed": filled(Registry.discover())}
NUMBERS = st.sampled_from([0, -1, 1, 2, 3, 7, 2**31, 2**63, -(2**63) - 1, 10**30, 10**4000, 0.5, 1e308, -0.0])
ODD = st.sampled_from([float("nan"), float("inf"), None, True, False, [], {}, [[[[]]]], {"kind": {}}, {"": {"": []}}])
TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "null", "3", "x.y", "toy.", ".", "toy.mean", "\ud800", "a\nb", "\x1b[0m", "é" * 5000, "kind"]),
)
JUNK = st.one_of(
    NUMBERS, ODD, TEXT, st.lists(st.integers(), max_size=3), st.dictionaries(TEXT, st.integers(), max_size=2)
)


def places(tree: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside ``tree``."""
    steps = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else []
    return [path for step in steps for path in ((*way, step), *places(tree[step], (*way, step)))]


def mutate(draw: st.DrawFn, tree: Any, kinds: list[str]) -> None:
    """Delete, rename, replace, wrap, move or add one thing inside ``tree``."""
    if not (ways := places(tree)):
        return
    *way, last = draw(st.sampled_from(ways))
    holder = tree
    for step in way:
        holder = holder[step]
    match draw(st.sampled_from(["delete", "rename", "replace", "wrap", "move", "add", "kind"])):
        case "delete":
            del holder[last]
        case "rename" if isinstance(holder, dict):
            holder[draw(TEXT) + str(last)[1:]] = holder.pop(last)
        case "replace":
            holder[last] = copy.deepcopy(draw(JUNK))
        case "wrap":
            holder[last] = draw(st.sampled_from([[holder[last]], {"kind": holder[last]}, [[holder[last]]]]))
        case "move":
            holder[last] = copy.deepcopy(draw(st.sampled_from([tree, holder])))
        case "add" if isinstance(holder, dict):
            holder[draw(TEXT)] = copy.deepcopy(draw(JUNK))
        case "kind":
            holder[last] = {"kind": draw(st.sampled_from(kinds))}


@st.composite
def specs(draw: st.DrawFn, registry: Registry) -> tuple[str, Any]:
    """A model or run spec of any components with their defaults, mutated up to four times."""
    known = {role: registry.kinds(role) for role in ROLES}
    model: dict[str, Any] = {"input": {"channels": 3, "length": 64, "classes": 4}, "scale": "none"}
    for role, kinds in known.items():
        if kinds and draw(st.booleans()):
            model[role] = registry.find(draw(st.sampled_from(kinds))).model_validate({}).model_dump(mode="json")
    what = draw(st.sampled_from(["model", "run"]))
    spec: Any = model if what == "model" else {"model": model, **copy.deepcopy(RUN)}
    for _ in range(draw(st.integers(0, 4))):
        mutate(draw, spec, [kind for kinds in known.values() for kind in kinds])
    return what, spec


def read_or_refused(registry: Registry, what: str, data: Any) -> None:
    """What is read survives JSON; what is refused is refused in one printable line with a hint."""
    try:
        spec = registry.model(data) if what == "model" else registry.run(data)
    except ZooError as error:
        line, hint = str(error), error.hint
        assert line.isprintable()
        assert hint
        assert len(line) < 1200
    else:
        saved = json.loads(json.dumps(spec.dump()))
        again = registry.model(saved) if what == "model" else registry.run(saved)
        assert again.dump() == spec.dump()


@pytest.mark.parametrize("registry", REGISTRIES.values(), ids=REGISTRIES)
@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_a_mutated_spec_is_read_or_refused(registry, data):
    read_or_refused(registry, *data.draw(specs(registry)))


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
def test_thousands_of_mutated_specs_are_read_or_refused(data):
    read_or_refused(REGISTRIES["installed"], *data.draw(specs(REGISTRIES["installed"])))


@given(tree=st.recursive(JUNK, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_junk_is_refused(tree):
    for what in ("model", "run"):
        read_or_refused(REGISTRIES["toys"], what, tree)
