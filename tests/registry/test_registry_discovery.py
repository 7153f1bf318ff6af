"""Plugins are found, loaded and refused one by one."""

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points

import pytest
from zoo_registry import PluginError, Registry, UnknownKindError, ZooError, hooks

HEAD = """
from typing import Literal
from pydantic import Field
from zoo_registry import HeadSpec, hookimpl

class Mean(HeadSpec):
    "Mean."
    kind: Literal["{name}.mean"] = "{name}.mean"
    needs = "tokens"
    def build(self, x, classes): ...

@hookimpl
def zoo_components():
    return [Mean]
"""


def head(name: str) -> str:
    return HEAD.replace("{name}", name)


def test_a_plugin_is_found_with_its_version(install):
    install("good", head("good"))
    registry = Registry.discover()
    assert registry.plugins()["good"] == "1.5"
    assert "good.mean" in registry.kinds("head")
    assert "good.mean" not in registry.kinds("encoder")
    assert not {"good"} & set(registry.failures)


REFUSED = {
    "broken import": ("import does_not_exist", "ModuleNotFoundError: No module named 'does_not_exist'"),
    "exit at import": ("raise SystemExit(3)", "SystemExit: 3"),
    "no hook": ("x = 1", "expected at least one component, reader of recordings or model, found none"),
    "misspelt hook": (head("bad").replace("def zoo_components", "def zoo_component"), "unknown hook 'zoo_component'"),
    "hook with an argument": (head("bad").replace("zoo_components()", "zoo_components(extra)"), "extra"),
    "hook that raises": (head("bad").replace("return [Mean]", "return 1 / 0"), "ZeroDivisionError"),
    "hook that returns nothing": (head("bad").replace("return [Mean]", "pass"), "found None"),
    "no spec class": (head("bad").replace("[Mean]", "[Mean, 3]"), "expected spec classes"),
    "an instance": (head("bad").replace("[Mean]", "[Mean()]"), "expected spec classes"),
    "another prefix": (head("good"), "'bad.' and a name"),
    "no name after the prefix": (head("bad").replace("bad.mean", "bad."), "'bad.' and a name"),
    "free kind": (head("bad").replace('Literal["bad.mean"]', "str"), "one literal name"),
    "kind without default": (head("bad").replace('= "bad.mean"', ""), "one literal name"),
    "abstract": (head("bad").replace("def build", "def built"), "build missing"),
    "a kind twice": (head("bad").replace("[Mean]", "[Mean, Mean]"), "'bad.mean' twice"),
    "a field without default": (head("bad").replace('needs = "tokens"', "width: int"), "none for width"),
    "an undefined type": (head("bad").replace('needs = "tokens"', 'width: "Nowhere" = 3'), "undefined"),
    "a role of its own": (head("bad").replace('needs = "tokens"', 'role = "judge"'), "one role of"),
    "no role": (head("bad").replace("HeadSpec", "ComponentSpec").replace('needs = "tokens"', ""), "one role of"),
}


@pytest.mark.parametrize(("source", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_bad_plugin_is_refused_alone(install, source, reason):
    install("bad", source)
    install("good", head("good"))
    registry = Registry.discover()
    with pytest.raises(PluginError) as refusal:
        registry.find("bad.mean")
    message = str(refusal.value)
    assert message.startswith("plugin bad")
    assert reason in message
    assert "\n" not in message
    assert registry.find("good.mean", "head").model_fields["kind"].default == "good.mean"
    assert [kind for kind in registry.kinds("head") if kind.startswith(("bad.", "good."))] == ["good.mean"]


@pytest.mark.parametrize("source", [source for source, _ in REFUSED.values()], ids=REFUSED)
def test_leftovers_of_a_bad_plugin_do_not_break_later_ones(install, source):
    install("bad", source)
    registry = Registry.discover()
    with pytest.raises(PluginError):
        registry.find("bad.mean")
    install("later", head("later"))
    import zoo_later

    registry.register(zoo_later, "later")
    assert registry.find("later.mean") is zoo_later.Mean
    assert "bad" in registry.failures


def test_a_name_claimed_by_two_distributions_is_refused_on_use_and_neither_is_imported(install):
    install("twin", head("twin"), distribution="zoo-twin-b")
    install("twin", head("twin"), distribution="zoo-twin-a")
    install("good", head("good"))
    registry = Registry.discover()
    expected = "plugin twin: expected one distribution of that name, found zoo-twin-a and zoo-twin-b; uninstall one"
    for use in (
        lambda: registry.find("twin.mean"),
        lambda: registry.importer("twin"),
        lambda: registry.model({"head": {"kind": "twin.mean"}}),
    ):
        with pytest.raises(PluginError, match=expected):
            use()
    kinds = registry.kinds("head")
    assert "good.mean" in kinds
    assert "twin.mean" not in kinds
    assert "zoo_twin" not in sys.modules


def test_no_distribution_replaces_a_plugin_of_the_zoo_by_its_name():
    stranger = EntryPoint(name="heads", value="zoo_stranger", group=hooks.GROUP)
    registry = Registry([*entry_points(group=hooks.GROUP), stranger])
    with pytest.raises(PluginError, match="found an unnamed distribution and shapezoo"):
        registry.find("heads.token-linear")


def test_a_name_is_registered_once(install):
    install("good", head("good"))
    registry = Registry()
    import zoo_good

    registry.register(zoo_good, "good")
    with pytest.raises(PluginError, match="register it once"):
        registry.register(zoo_good, "good")
    assert registry.kinds("head") == ["good.mean"]


def test_only_the_plugins_a_spec_names_are_imported(install):
    install("one", head("one"))
    install("two", head("two"))
    data = {"input": {"channels": 1, "length": 8, "classes": 2}, "head": {"kind": "one.mean"}}
    with pytest.raises(ZooError, match=r"one\.mean"):
        Registry.discover().model(data)  # a head that reads tokens, without an encoder
    assert "zoo_one" in sys.modules
    assert "zoo_two" not in sys.modules


def test_an_unknown_kind_is_refused_with_the_nearest_name(install):
    install("good", head("good"))
    with pytest.raises(UnknownKindError, match=r"^head.kind: .*'good.maen'; did you mean 'good.mean'\?"):
        Registry.discover().model({"head": {"kind": "good.maen"}})


def test_a_kind_of_another_role_is_reported_as_such(install):
    install("good", head("good"))
    with pytest.raises(UnknownKindError, match=r"expected a kind of encoder, found 'good\.mean', a kind of head"):
        Registry.discover().model({"encoder": {"kind": "good.mean"}})


@pytest.mark.parametrize("module", ["zoo_registry", "zoo", "zoo.specs.read"])
def test_heavy_packages_stay_out(module):
    code = (
        f"import sys, {module}; print([m for m in ('torch', 'numpy', 'timm', 'aeon', 'lightning') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
