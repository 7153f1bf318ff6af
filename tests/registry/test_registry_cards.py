"""A plugin may offer trained models by name; a name has one distribution."""

import pytest
from offered import CARD, plugin_of
from zoo_registry import ModelCard, PluginError, Registry


def test_a_plugin_of_models_alone_is_found(install, tmp_path):
    (tmp_path / "bundle").mkdir()
    install("cards", plugin_of(CARD, CARD | {"name": "acme-large"}), folders={"models/small": tmp_path / "bundle"})
    registry = Registry.discover()
    found = {name: model for name, model in registry.models().items() if model.plugin == "cards"}
    assert list(found) == ["acme-large", "acme-small"]
    model = found["acme-small"]
    assert model.card == ModelCard(**CARD)
    assert model.distribution == "zoo-cards"
    assert model.folder.is_dir()
    assert not registry.failures


def test_a_name_of_two_distributions_is_refused_and_both_are_named(install):
    install("cards", plugin_of(CARD))
    install("others", plugin_of(CARD))
    with pytest.raises(PluginError, match=r"model acme-small: .* found zoo-cards and zoo-others"):
        Registry.discover().models()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (plugin_of(CARD | {"name": "Acme small"}), "plugin cards: .* name"),
        (plugin_of(CARD | {"name": "runs/small"}), "plugin cards: .* name"),
        (plugin_of(CARD | {"folder": "../../secret"}), "plugin cards: .* folder"),
        (plugin_of(CARD | {"surprise": 1}), "surprise"),
        (plugin_of({**CARD, "headline": {"metric": "accuracy"}}), "headline"),
        (plugin_of().replace("[ModelCard", "1 / 0 and [ModelCard"), "ZeroDivisionError"),
        (plugin_of().replace("return [", "return 3 or ["), r"a list of ModelCard from zoo_models\(\), found 3"),
        (plugin_of().replace("return [", "return ['acme'] or ["), "found 'acme'"),
    ],
)
def test_a_bad_card_is_refused_in_one_line_and_the_plugin_is_named(install, source, words):
    install("cards", source)
    with pytest.raises(PluginError, match=words) as refused:
        Registry.discover().models()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"folder": "models/lost"}, "no such folder"), ({"package": "zoo_lost"}, "No module named 'zoo_lost'")],
)
def test_a_card_without_its_bundle_is_refused_when_the_bundle_is_needed(install, changed, words):
    install("cards", plugin_of(CARD | changed))
    model = Registry.discover().models()["acme-small"]
    with pytest.raises(PluginError, match=f"model acme-small: .*{words}.*; repair or uninstall zoo-cards"):
        _ = model.folder


def test_the_distribution_of_a_plugin_is_known():
    assert Registry.discover().distribution("wrn") == "shapezoo"
    assert Registry.discover().distribution("absent") is None
