"""The conformance tests name the faults of a spec before anything is built."""

from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field
from toy_plugin import MeanSpec, SignSpec
from zoo_registry import ComponentSpec

from zoo.testing import check_component


class Undescribed(MeanSpec):
    """Mean."""

    width: int = Field(default=3, ge=1, le=9)


class Unbounded(MeanSpec):
    """Mean."""

    width: int = 3
    """Width."""


class Endless(MeanSpec):
    """Mean."""

    widths: tuple[int, ...] = ()
    """Widths."""


class Undocumented(MeanSpec):
    pass


class Misnamed(MeanSpec):
    """Mean."""

    kind: Literal["mean"] = "mean"  # type: ignore[assignment]


class Termless(SignSpec):
    """Signs."""

    terms: ClassVar[dict[str, str]] = {}


SPECS: dict[type[ComponentSpec], str] = {
    Undescribed: "no description under width",
    Unbounded: "width has no exclusiveMinimum or minimum and no exclusiveMaximum or maximum",
    Endless: "widths has no maxItems",
    Undocumented: "Undocumented has no docstring",
    Misnamed: "expected 'mean.' and a name",
    Termless: "a quantizer gives the term z",
}


@pytest.mark.parametrize(("spec", "message"), SPECS.items())
def test_a_fault_of_a_spec(spec: Any, message):
    with pytest.raises(Exception, match=message):
        check_component(spec())
