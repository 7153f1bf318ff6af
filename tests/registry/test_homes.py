"""Every role has a home with a field for it, and specs are narrowed, loaded and migrated by home."""

from typing import Any

import pytest
from pydantic import SerializeAsAny, ValidationError
from toy_plugin import MeanSpec, PatchSpec
from zoo_data import CsvSource, NpySource
from zoo_registry import (
    ROLES,
    HeadSpec,
    Registry,
    RunSpec,
    SourceSpec,
    Spec,
    SpecError,
    UnknownKindError,
    field_of,
    roles_of,
)
from zoo_registry.narrow import HOMES, replaced


@pytest.mark.parametrize("role", ROLES)
def test_a_home_has_a_field_for_each_of_its_roles(role):
    home = ROLES[role].home
    assert role in roles_of(home)
    assert home == "component" or field_of(role) in HOMES[home].model_fields


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_what_its_components_read_and_return(role):
    spec = ROLES[role]
    assert spec.returns
    assert role in ("encoder", "head") or spec.reads  # an encoder and a head say it themselves


class Several(Spec):
    """A home with one component, an optional one and several."""

    one: SerializeAsAny[HeadSpec]
    """One."""
    perhaps: SerializeAsAny[HeadSpec] | None = None
    """One or none."""
    several: tuple[SerializeAsAny[HeadSpec], ...] = ()
    """Any number."""
    number: int = 3
    """No component."""


def test_a_home_decides_whether_it_has_one_component_none_or_several():
    spec: Any = replaced(Several, {HeadSpec: MeanSpec})
    mean = {"kind": "toy.mean"}
    found = spec.model_validate({"one": mean, "perhaps": mean, "several": [mean, mean]})
    assert (found.one, found.perhaps, found.several, found.number) == (MeanSpec(), MeanSpec(), (MeanSpec(),) * 2, 3)
    assert spec.model_validate({"one": mean}).perhaps is None
    for wrong in ({}, {"one": mean, "several": [PatchSpec().model_dump()]}, {"one": None}):
        with pytest.raises(ValidationError):
            spec.model_validate(wrong)


def test_a_run_is_narrowed_in_all_its_parts(run):
    registry = Registry.discover()
    found = registry.run({"model": {"head": {"kind": "wrn.signal"}}, "data": run["data"]})
    assert isinstance(found, RunSpec)
    assert isinstance(found.data.source, NpySource)
    assert found.plugins() == ["data", "wrn"]
    assert found.dump()["data"]["source"]["kind"] == "data.npy"


def test_a_model_is_of_one_class_whether_it_is_read_alone_or_in_a_run(run):
    model = {"head": {"kind": "wrn.signal"}}
    assert Registry.discover().run({"model": model, "data": run["data"]}).model == Registry.discover().model(model)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"path": "x"}, r"^data\.source: expected an object with a \"kind\", found .*`zoo list source`"),
        ("npy", r"^data\.source: expected an object with a \"kind\", found 'npy'"),
        ({"kind": "data.nyp"}, r"^data\.source\.kind: .*did you mean 'data\.npy'\?"),
        ({"kind": "toy.mean"}, r"^data\.source\.kind: expected a kind of source, found 'toy\.mean', a kind of head"),
        ({"kind": "data.npy", "path": "x"}, r"^data\.source\.layout: expected a value, found nothing"),
        ({"kind": "data.csv", "path": "x", "channels": ["x"], "lable": "y"}, r"lable.*did you mean 'label'\?"),
    ],
)
def test_a_source_is_refused_like_any_component(toys, run, source, words):
    for read, data in ((toys.run, {**run, "data": {"source": source}}), (toys.data, {"source": source})):
        with pytest.raises((SpecError, UnknownKindError), match=words):
            read(data)


def test_stored_sources_get_the_fields_that_their_kind_has_gained(toys, monkeypatch):
    monkeypatch.setattr(CsvSource, "gained", {"decimal": "comma"})
    stored = {"source": {"kind": "data.csv", "path": "x", "channels": ["x"]}}
    assert toys.migrate(stored, "data")["source"] == {**stored["source"], "decimal": "comma"}
    unknown = {"source": {"kind": "gone.parquet", "path": "x"}}
    assert toys.migrate(unknown, "data") == unknown


def test_stored_distillers_get_the_fields_that_their_kind_has_gained(monkeypatch):
    registry = Registry.discover()
    monkeypatch.setattr(registry.find("distill.logits"), "gained", {"reduction": "elements"})
    stored = {"distill": [{"kind": "distill.logits"}, {"kind": "gone.loss"}], "weigh": None}
    assert registry.migrate(stored, "run")["distill"] == [
        {"kind": "distill.logits", "reduction": "elements"},
        {"kind": "gone.loss"},
    ]


def test_a_source_without_its_locator_is_refused():
    from zoo_registry.contract import verify
    from zoo_registry.errors import PluginError

    class Nowhere(SourceSpec):
        """A source without a place."""

        kind: str = "toy.nowhere"

        def read(self) -> Any:
            raise AssertionError("never read here")

    with pytest.raises(PluginError, match=r"expected a field 'path', its locator, found none"):
        verify(Nowhere, "toy")
