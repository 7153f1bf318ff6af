"""Conformance tests for a head that declares itself linear."""

from typing import ClassVar, Literal

import pytest
from torch import Tensor
from toy_plugin import MeanSpec
from zoo_registry import HeadSpec, Shape

from zoo.contracts import Head, LinearHead, Output
from zoo.testing import check_component


class Means(LinearHead):
    """Mean of real tokens; every width is a feature."""

    def features(self, output: Output) -> Tensor:
        assert output.tokens is not None
        values, mask, *_ = output.tokens
        return (
            values.mean((1, 2)) if mask is None else (values * mask[..., None]).sum((1, 2)) / mask.sum((1, 2))[:, None]
        )


class Squared(Means):
    def forward(self, output: Output) -> Tensor:
        return super().forward(output).square()


class Cut(Means):
    blocks = (3, 4)


class MeansSpec(HeadSpec):
    """Means of tokens."""

    kind: Literal["toy.means"] = "toy.means"
    needs = "tokens"
    linear: ClassVar[bool] = True
    module: ClassVar[type[LinearHead]] = Means

    def build(self, x: Shape, classes: int) -> Head:
        return self.module(x["d"], classes)


class SilentSpec(MeansSpec):
    """The same, without declaring that it is linear."""

    linear: ClassVar[bool] = False


class BoastingSpec(MeanSpec):
    """Declares itself linear, but is not."""

    linear: ClassVar[bool] = True


def test_a_linear_head_passes():
    check_component(MeansSpec())


@pytest.mark.parametrize("spec", [SilentSpec(), BoastingSpec()], ids=["silent", "boasting"])
def test_a_wrong_declaration_is_reported(spec):
    with pytest.raises(AssertionError, match="the spec says linear"):
        check_component(spec)


@pytest.mark.parametrize(("module", "message"), [(Squared, "classify of its features"), (Cut, r"blocks of \(3, 4\)")])
def test_features_that_the_map_does_not_read_are_reported(monkeypatch, module, message):
    monkeypatch.setattr(MeansSpec, "module", module)
    with pytest.raises(AssertionError, match=message):
        check_component(MeansSpec())
