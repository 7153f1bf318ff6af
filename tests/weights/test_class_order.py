"""A head is transferred by class names: each row goes to its class, for every head."""

import pytest
import torch
from test_combinations import REGISTRY
from zoo_registry import BundleError, TransferSpec

import zoo
from zoo.weights.plan import plan
from zoo.weights.source import Source
from zoo.weights.transfer import apply

NAMES, OTHER = ["walk", "run", "sit"], ["sit", "walk", "run"]
ENCODED = {
    "encoder": {"kind": "vqshape.encoder", "tokens": 4, "samples": 8, "hidden": 8},
    "quantizer": {"kind": "quantizers.ema", "codes": 4},
    "decoder": {"kind": "vqshape.renderer", "hidden": 8, "shape_samples": 16},
}
PARTS = {
    "signal": {},
    "tokens": ENCODED,
    "codes": ENCODED,
    "recon": ENCODED,
    "image": {"image": {"kind": "images.gaf"}},
}
HEADS = REGISTRY.kinds("head")


def model(head: str, names: list[str] | None, seed: int = 0) -> zoo.ZooModel:
    """A model with such a head; every tensor of it is random."""
    needs = REGISTRY.find(head, "head").needs
    entering = {"channels": 2, "length": 64, "classes": 3, "class_names": names}
    found = zoo.build({"input": entering, **PARTS[needs], "head": {"kind": head}})
    torch.manual_seed(seed)
    for tensor in found.head.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape) + 0.5)
    return found


def source_of(found: zoo.ZooModel) -> Source:
    return Source("source", found.spec.dump(), {name: t.clone() for name, t in found.state_dict().items()})


@pytest.mark.parametrize("head", HEADS)
def test_every_head_gives_each_class_the_row_it_had(head: str):
    old, new = model(head, NAMES), model(head, OTHER, seed=1)
    made = plan(new, source_of(old), TransferSpec(source="source"))
    made.report.require_allowed()
    apply(made, new)
    changed = [row for row in made.report.tensors if row.status == "resized"]
    assert changed
    assert {row.reason for row in changed} == {"rows reordered by class name"}
    theirs, ours = old.state_dict(), new.state_dict()
    for row in made.report.tensors:
        expected = theirs[row.name][[2, 0, 1]] if row in changed else theirs[row.name]
        assert torch.equal(ours[row.name], expected)
    for found in (old, new):
        for flag in (buffer for name, buffer in found.head.named_buffers() if buffer.dtype == torch.bool):
            flag.fill_(True)
    x = torch.randn(3, 2, 64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(new.eval()(x).logits, old.eval()(x).logits[:, [2, 0, 1]])


@pytest.mark.parametrize(("policy", "refused"), [("strict", True), ("fit", False), ("resize", False)])
def test_other_classes_never_get_a_head_of_equal_size(policy: str, refused: bool):
    old, new = model("wrn.signal", NAMES), model("wrn.signal", ["walk", "run", "lie"], seed=1)
    fresh = new.head.classifier.network.fc.weight.clone()
    made = plan(new, source_of(old), TransferSpec(source="source", policy=policy))
    left = [row for row in made.report.tensors if row.status == "skipped"]
    assert {row.name for row in left} == {f"head.classifier.network.fc.{name}" for name in ("weight", "bias")}
    assert all("the classes differ: sit in the source, lie here" in row.reason for row in left)
    if refused:
        with pytest.raises(BundleError):
            made.report.require_allowed()
        return
    apply(made, new)
    assert torch.equal(new.head.classifier.network.fc.weight, fresh)


def test_a_source_without_names_is_matched_by_number_with_a_note():
    made = plan(model("wrn.signal", OTHER, seed=1), source_of(model("wrn.signal", None)), TransferSpec(source="source"))
    made.report.require_allowed()
    said = {row.name.rpartition(".")[0] for row in made.report.tensors if "the source names no classes" in row.reason}
    assert said == {"head.classifier.network.fc"}
