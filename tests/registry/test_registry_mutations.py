"""Any mutated spec is read or refused in one line."""

import copy
import json
import random
from contextlib import suppress
from typing import Any

import pytest
import toy_plugin
import zoo_data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json_paths import places
from zoo_registry import ROLES, ImageInputSpec, ModelSpec, Registry, ZooError, roles_of

RUN = {
    "name": "run",
    "data": {
        "source": {"kind": "data.npy", "path": "set", "layout": "c t"},
        "split": {"validation": 0.2},
        "length": {"to": 64, "method": "pad"},
    },
    "training": {
        "epochs": 2,
        "optimizer": {"kind": "sgd", "momentum": 0.5},
        "schedule": {"kind": "steps", "at": [0.5]},
    },
    "evaluation": {"judges": {"wrn": "bundles/wrn"}},
    "transfer": [{"source": "bundles/a", "only": ["encoder"]}],
}


@pytest.fixture(scope="module", params=["toys", "installed"])
def registry(request: pytest.FixtureRequest) -> Registry:
    """The toy plugin and the data sources alone, or together with the installed plugins."""
    registry = Registry.discover()
    if request.param == "toys":
        registry = Registry()
        registry.register(zoo_data, "data")
    registry.register(toy_plugin, "toy")
    return registry


@pytest.fixture(scope="module")
def models(registry: Registry) -> list[ModelSpec]:
    """Forty valid models of kinds drawn at random, a few of them on ready-made images."""
    draw, found = random.Random(0), []
    while len(found) < 40:
        sizes = draw.choice([{"length": 64}, {"length": 64}, {"height": 64, "width": 64}])
        roles = ("encoder", "quantizer", "head") if "height" in sizes else roles_of("model")
        kinds = {role: draw.choice([None, *registry.kinds(role)]) for role in roles}
        parts = {role: {"kind": kind} for role, kind in kinds.items() if kind}
        with suppress(ZooError):
            found.append(registry.model({"input": {"channels": 3, "classes": 4, **sizes}, **parts}))
    return found


NUMBERS = st.sampled_from([0, -1, 1, 2, 3, 7, 2**31, 2**63, -(2**63) - 1, 10**30, 10**4000, 0.5, 1e308, -0.0])
ODD = st.sampled_from([float("nan"), float("inf"), None, True, False, [], {}, [[[[]]]], {"kind": {}}, {"": {"": []}}])
TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "null", "3", "x.y", "toy.", ".", "toy.mean", "\ud800", "a\nb", "\x1b[0m", "é" * 5000, "kind"]),
)
JUNK = st.one_of(
    NUMBERS, ODD, TEXT, st.lists(st.integers(), max_size=3), st.dictionaries(TEXT, st.integers(), max_size=2)
)


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


def phases(model: ModelSpec) -> list[dict[str, Any]]:
    """A phase that trains the first component with every term, and one that measures."""
    role = next(role for role, _ in model.components())
    weights = {term: {"end": 2.0, "over": 3} if term == "z" else 1.0 for term in model.terms()}
    return [
        {"learn": [role], "length": 3, "weights": weights},
        {"name": "b", "measure": True, "learn": [], "every": "batch"},
    ]


@st.composite
def specs(draw: st.DrawFn, registry: Registry, models: list[ModelSpec]) -> tuple[str, Any]:
    """A valid model or run spec, mutated up to four times."""
    model = draw(st.sampled_from(models))
    runs = model.terms() and not isinstance(model.input, ImageInputSpec)
    what = draw(st.sampled_from(["model", "run"] if runs else ["model"]))
    spec: Any = model.dump()
    if what == "run":
        spec = {"model": spec, **copy.deepcopy(RUN)}
        spec["training"]["phases"] = phases(model)
        spec["transfer"][0]["only"] = list(spec["training"]["phases"][0]["learn"])
    read_or_refused(registry, what, spec, must_read=True)
    for _ in range(draw(st.integers(0, 4))):
        mutate(draw, spec, [kind for role in ROLES for kind in registry.kinds(role)])
    return what, spec


def read_or_refused(registry: Registry, what: str, data: Any, must_read: bool = False) -> None:
    """An accepted spec can be read back from JSON; a refusal is one printable line with a hint."""
    try:
        spec = registry.model(data) if what == "model" else registry.run(data)
    except ZooError as error:
        line, hint = str(error), error.hint
        assert not must_read, line
        assert line.isprintable()
        assert hint
        assert len(line) < 1200
    else:
        saved = json.loads(json.dumps(spec.dump()))
        again = registry.model(saved) if what == "model" else registry.run(saved)
        assert again.dump() == spec.dump()


UNHURRIED = settings(deadline=None, suppress_health_check=list(HealthCheck))


@given(data=st.data())
@settings(UNHURRIED, max_examples=100, derandomize=True)
def test_a_mutated_spec_is_read_or_refused(registry, models, data):
    read_or_refused(registry, *data.draw(specs(registry, models)))


@pytest.mark.slow
@given(data=st.data())
@settings(UNHURRIED, max_examples=400)
def test_many_mutated_specs_are_read_or_refused(registry, models, data):
    read_or_refused(registry, *data.draw(specs(registry, models)))


@given(tree=st.recursive(JUNK, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)))
@settings(UNHURRIED, max_examples=200, derandomize=True)
def test_junk_is_read_or_refused(registry, tree):
    for what in ("model", "run"):
        read_or_refused(registry, what, tree)
