"""The conformance tests accept sound components and name the fault of others: one fault, one message."""

import subprocess
import sys

import pytest
import torch
import toy_plugin
from torch import Tensor, nn
from toy_plugin import MeanLinear, MeanSpec, Patches, PatchSpec, SignSpec, Unpatches, UnpatchSpec
from zoo_registry import Registry, Shape

from zoo.contracts import (
    CodeTable,
    Decoded,
    Output,
    Resize,
    Resizing,
    StartAnew,
    Tokens,
)
from zoo.contracts.resizing import Resized, Tensors
from zoo.testing import check_component, every_component


@pytest.mark.parametrize("spec", [PatchSpec(), MeanSpec(), SignSpec()], ids=lambda spec: spec.kind)
def test_sound_components_pass(spec):
    check_component(spec)


def test_sound_components_pass_at_other_sizes():
    check_component(PatchSpec(patch=5, dim=3), Shape.of("c t", 2, 35))
    check_component(MeanSpec(), Shape.of("c n d", 1, 6, 5), classes=7)
    check_component(UnpatchSpec(), Shape.of("c n d", 2, 6, 5), series=Shape.of("c t", 2, 24))


def test_every_component_of_a_registry_is_built_with_its_defaults():
    registry = Registry()
    registry.register(toy_plugin, "toy")
    assert every_component(registry) == [PatchSpec(), SignSpec(), UnpatchSpec(), MeanSpec()]


def test_the_random_generator_is_left_unchanged():
    state = torch.get_rng_state()
    check_component(MeanSpec())
    assert torch.equal(torch.get_rng_state(), state)


def test_the_registry_does_not_import_the_conformance_tests():
    code = "import sys, zoo_registry; assert 'zoo.testing' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


class WideHead(MeanLinear):
    def __init__(self, dim: int, classes: int) -> None:
        super().__init__(dim, classes + 1)


class IdleHead(MeanLinear):
    def __init__(self, dim: int, classes: int) -> None:
        super().__init__(dim, classes)
        self.idle = nn.Linear(2, 2)


class RestlessHead(MeanLinear):
    def forward(self, output: Output) -> Tensor:
        return super().forward(output) + torch.rand(())


class CountingHead(MeanLinear):
    calls: Tensor

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__(dim, classes)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, output: Output) -> Tensor:
        self.calls += 1
        return super().forward(output)


class BlindHead(MeanLinear):
    def forward(self, output: Output) -> Tensor:
        assert output.tokens is not None
        return super().forward(Output(output.x, tokens=output.tokens._replace(mask=None)))


class PartialHead(MeanLinear):
    def forward(self, output: Output) -> Tensor:
        assert output.tokens is not None
        return super().forward(output) * (1 if output.tokens.mask is None else 2)


class LocalHead(MeanLinear):
    def __init__(self, dim: int, classes: int) -> None:
        super().__init__(dim, classes)
        self.activation = lambda x: x


class PinnedHead(MeanLinear):
    def __init__(self, dim: int, classes: int) -> None:
        super().__init__(dim, classes)
        self.project = nn.Linear(dim, classes, device="cpu")


class OverflowingHead(MeanLinear):
    def forward(self, output: Output) -> Tensor:
        logits = super().forward(output)
        return logits + logits.new_tensor(1e9).half().float() if torch.is_autocast_enabled("cpu") else logits


HEADS = {
    WideHead: r"promised logits \(k=3\), gives \(4,\)",
    IdleHead: "no gradient reaches idle.weight, idle.bias",
    RestlessHead: "in eval mode a second forward changes logits",
    CountingHead: "forward in eval mode changes calls",
    BlindHead: "other content at masked places changes logits",
    PartialHead: "an all-True mask instead of None changes logits",
    LocalHead: "the module cannot be pickled",
    PinnedHead: "project.weight is made on cpu",
    OverflowingHead: "logits, loss.ce is not finite under autocast",
}


class LostRule(MeanLinear):
    def resizing(self) -> Resizing:
        return Resizing({"classify": StartAnew("the class head")})


class LostStack(MeanLinear):
    def resizing(self) -> Resizing:
        return Resizing(stacks=("layers",))


class UnnumberedStack(MeanLinear):
    def resizing(self) -> Resizing:
        return Resizing(stacks=("project",))


class Doubling(Resize):
    def __call__(self, source: Tensors, here: Tensors, random: torch.Generator) -> Resized:
        return Resized({name: 2 * tensor for name, tensor in source.items()}, "doubled")


class DoublingRule(MeanLinear):
    def resizing(self) -> Resizing:
        return Resizing({"project": Doubling()})


RESIZING = {
    LostRule: "a rule for classify, which has no tensors",
    LostStack: "the stack layers, which has no tensors",
    UnnumberedStack: "the layers of project are not numbered",
    DoublingRule: "the rule for project changes weight, which fits",
}


@pytest.mark.parametrize(("module", "message"), [*HEADS.items(), *RESIZING.items()])
def test_a_fault_of_a_head(monkeypatch, module, message):
    monkeypatch.setattr(MeanSpec, "build", lambda self, x, classes: module(x["d"], classes))
    with pytest.raises(AssertionError, match=f"^toy.mean: .*{message}"):
        check_component(MeanSpec())


class HalfBlind(Patches):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        return super().forward(x, mask)._replace(mask=None)


class Attributed(Patches):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        tokens = super().forward(x, mask)
        return tokens._replace(attributes=dict.fromkeys("tl", tokens.values[..., 0]))


class Truncated(Patches):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        return super().forward(x[..., : -self.patch], None if mask is None else mask[..., : -self.patch])


class Exploding(Patches):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        tokens = super().forward(x, mask)
        zeros = tokens.values * 0
        return tokens._replace(values=tokens.values + zeros.sqrt() if self.training else tokens.values)


ENCODERS = {
    HalfBlind: "other content at masked places changes values",
    Attributed: r"promised \['values'\], gives \['l', 't', 'values'\]",
    Truncated: r"promised values \(c=3, n=20, d=4\), gives \(3, 19, 4\)",
    Exploding: "the gradient of project.weight, project.bias is not finite",
}


@pytest.mark.parametrize(("module", "message"), ENCODERS.items())
def test_a_fault_of_an_encoder(monkeypatch, module, message):
    monkeypatch.setattr(PatchSpec, "build", lambda self, x: module(self.patch, self.dim))
    with pytest.raises(AssertionError, match=f"^toy.patches: .*{message}"):
        check_component(PatchSpec())


class Tabled(Unpatches):
    reads_table = True

    def forward(self, tokens: Tokens, table: CodeTable | None = None) -> Decoded:
        return super().forward(tokens if table is None else tokens._replace(values=table.rows[0 * table.index]))


class Leaky(Unpatches):
    def forward(self, tokens: Tokens) -> Decoded:
        return Decoded(super().forward(tokens).series + tokens.values.mean())


class Drawing(Unpatches):
    def forward(self, tokens: Tokens) -> Decoded:
        return super().forward(tokens)._replace(shapes=tokens.values)


DECODERS = {
    Tabled: "a code table changes series",
    Leaky: "other content at masked places changes series",
    Drawing: r"promised \['series'\], gives \['series', 'shapes'\]",
}


@pytest.mark.parametrize(("module", "message"), DECODERS.items())
def test_a_fault_of_a_decoder(monkeypatch, module, message):
    monkeypatch.setattr(UnpatchSpec, "build", lambda self, tokens, series: module(tokens["d"], 16))
    with pytest.raises(AssertionError, match=f"^toy.unpatches: .*{message}"):
        check_component(UnpatchSpec())
