"""The conformance tests check `channelwise`: a component that claims it but mixes series is named."""

from typing import ClassVar

import pytest
import torch
from torch import Tensor
from toy_plugin import Patches, PatchSpec, Signs, SignSpec, Unpatches, UnpatchSpec
from zoo_registry import ComponentSpec, Registry, Shape

from zoo.contracts import Decoded, Quantized, Tokens
from zoo.testing import check_component, every_component

TOKENS, SERIES = Shape.of("c n d", 2, 6, 5), Shape.of("c t", 2, 24)
CLAIMS = {
    "fusion.channelwise": True,
    "fusion.attention": False,
    "vqshape.encoder": True,
    "vqshape.decoder": True,
    "conv.encoder": True,
    "conv.decoder": True,
    "timm.encoder": False,
}


class EachPatch(PatchSpec):
    """Linear patches, each series separately."""

    channelwise: ClassVar[bool] = True


class EachUnpatch(UnpatchSpec):
    """The inverse of linear patches, each series separately."""

    channelwise: ClassVar[bool] = True


def test_a_correct_claim_passes():
    check_component(EachPatch())
    check_component(EachUnpatch(), TOKENS, series=SERIES)


def test_channelwise_components_are_known():
    found = {str(spec.kind): getattr(spec, "channelwise", None) for spec in every_component(Registry.discover())}
    assert {kind: found[kind] for kind in CLAIMS} == CLAIMS


class Gossip(Patches):
    """Adds the mean of all series to every series."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        tokens = super().forward(x, mask)
        seen = torch.where(mask, x, 0) if mask is not None else x
        return tokens._replace(values=tokens.values + seen.mean((1, 2))[:, None, None, None])


class Ranked(Patches):
    """One weight per series."""

    def __init__(self, patch: int, dim: int, channels: int) -> None:
        super().__init__(patch, dim)
        self.rank = torch.nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        tokens = super().forward(x, mask)
        return tokens._replace(values=tokens.values * self.rank)


class Counted(Patches):
    """Sets tokens of series beyond the number it was built for to zero."""

    def __init__(self, patch: int, dim: int, channels: int) -> None:
        super().__init__(patch, dim)
        self.channels = channels

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        values, mask, *_ = super().forward(x, mask)
        values = values.clone()
        values[:, self.channels :] = 0
        return Tokens(values, mask)


ENCODERS = {
    "gossip": (lambda spec, x: Gossip(spec.patch, spec.dim), "another series beside it changes values"),
    "ranked": (lambda spec, x: Ranked(spec.patch, spec.dim, x["c"]), "other tensors for 3 series than for one"),
    "counted": (lambda spec, x: Counted(spec.patch, spec.dim, x["c"]), "building it for one series changes values"),
}


@pytest.mark.parametrize(("build", "message"), ENCODERS.values(), ids=ENCODERS)
def test_an_encoder_that_mixes_series_is_named(monkeypatch, build, message):
    monkeypatch.setattr(PatchSpec, "build", build)
    with pytest.raises(AssertionError, match=f"^toy.patches: channelwise, but {message}"):
        check_component(EachPatch())
    check_component(PatchSpec())


class LoudestFirst(Unpatches):
    """Scales every series by the largest token of all."""

    def forward(self, tokens: Tokens) -> Decoded:
        values, mask, *_ = tokens
        real = values if mask is None else torch.where(mask[..., None], values, 0)
        return Decoded(super().forward(tokens).series * real.abs().amax((1, 2, 3))[:, None, None])


def test_a_decoder_that_mixes_series_is_named(monkeypatch):
    monkeypatch.setattr(UnpatchSpec, "build", lambda self, tokens, series: LoudestFirst(tokens["d"], 4))
    with pytest.raises(
        AssertionError, match=r"^toy.unpatches: channelwise, but another series beside it changes series"
    ):
        check_component(EachUnpatch(), TOKENS, series=SERIES)
    check_component(UnpatchSpec(), TOKENS, series=SERIES)


class Alternating(Signs):
    """Swaps the codes of every second series."""

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        found = super().forward(values, mask)
        codes = found.codes.clone()
        codes[:, 1::2] = 1 - codes[:, 1::2]
        return found._replace(codes=codes, values=self.decode(codes))


def test_a_shared_codebook_that_depends_on_the_series_is_named(monkeypatch):
    monkeypatch.setattr(SignSpec, "build", lambda self, x: Alternating())
    with pytest.raises(
        AssertionError, match=r"^toy.signs: channelwise, but another series beside it changes (codes|values)"
    ):
        check_component(SignSpec())


def test_components_without_the_claim_may_mix_series():
    spec: ComponentSpec = Registry.discover().find("fusion.attention").model_validate({})
    check_component(spec)
