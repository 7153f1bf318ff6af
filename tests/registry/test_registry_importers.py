"""A plugin may define how external weights are imported; its hook is called only when its importer is needed."""

import sys

import pytest
from test_registry_discovery import head
from zoo_registry import Importer, PluginError, Registry, SpecError, UnknownKindError, input_sizes

IMPORTER = (
    head("good")
    + '''
from zoo_registry import Imported, Importer

class Given(Importer):
    """Nothing."""
    def convert(self, checkpoint, given):
        return Imported({}, {})

@hookimpl
def zoo_importer():
    return Given()
'''
)


def test_an_importer_is_found_by_the_name_of_its_plugin_and_only_that_is_loaded(install):
    install("good", IMPORTER)
    install("other", head("other"))
    found = Registry.discover().importer("good")
    assert isinstance(found, Importer)
    assert found.convert(None, {}).tensors == {}
    assert "zoo_other" not in sys.modules


def test_plugins_with_importers_are_listed(install):
    install("good", IMPORTER)
    install("other", head("other"))
    assert Registry.discover().importers() == ["good", "vqshape", "wrn"]


@pytest.mark.parametrize(("name", "hint"), [("goood", "did you mean 'good'?"), ("other", "zoo_importer")])
def test_other_names_are_refused_with_the_list(install, name, hint):
    install("good", IMPORTER)
    install("other", head("other"))
    with pytest.raises(UnknownKindError) as refused:
        Registry.discover().importer(name)
    assert refused.value.expected == "one of good, vqshape, wrn"
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("returned", "words"), [("3", "found 3"), ("Given", "found <class"), ("1 / 0", "ZeroDivisionError")]
)
def test_a_hook_without_an_importer_is_refused_and_the_plugin_stays_usable(install, returned, words):
    install("good", IMPORTER.replace("return Given()", f"return {returned}"))
    registry = Registry.discover()
    with pytest.raises(PluginError, match=words):
        registry.importer("good")
    assert "good.mean" in registry.kinds("head")


def test_a_plugin_that_does_not_load_gives_the_reason(install):
    install("good", "import does_not_exist")
    with pytest.raises(PluginError, match="does_not_exist"):
        Registry.discover().importer("good")


def test_only_known_sizes_are_accepted_and_others_have_defaults():
    assert input_sizes({"h": 3, "w": 4}, {"h": 64, "w": 64}) == ({"h": 3, "w": 4}, [])
    sizes, (note,) = input_sizes({"w": 4}, {"h": 64, "w": 64})
    assert sizes == {"h": 64, "w": 4}
    assert "h=64" in note
    assert "w=" not in note
    with pytest.raises(SpecError, match="sizes of h, w alone, found t=3"):
        input_sizes({"t": 3}, {"h": 64, "w": 64})
