"""Every installed component keeps its contract; a new component needs no new test."""

import pytest
from zoo_registry import Registry

from zoo.testing import check_component, every_component

REGISTRY = Registry.discover()


def test_every_plugin_loads():
    REGISTRY.load_all()
    assert not REGISTRY.failures


@pytest.mark.parametrize("spec", every_component(REGISTRY), ids=lambda spec: spec.kind)
def test_component_keeps_its_contract(spec):
    check_component(spec)
