"""Models whose input is ready-made images: checked, built, run, saved and loaded like any other."""

import json
from typing import Any

import pytest
import torch
from zoo_registry import BundleError, DataError, ShapeError

import zoo
from zoo.cli.main import main
from zoo.contracts import Standardize
from zoo.model.cost import bill

INPUT = {"channels": 3, "height": 40, "width": 32, "classes": 4}
ENCODER = {"kind": "timm.encoder", "backbone": "test_resnet", "grid": 1, "dim": 8}
SPECS: dict[str, dict[str, Any]] = {
    "a classifier": {"input": INPUT, "head": {"kind": "wrn.image", "depth": 10}},
    "tokens": {"input": INPUT, "encoder": ENCODER, "head": {"kind": "heads.token-linear"}},
    "codes": {"input": INPUT, "encoder": ENCODER, "quantizer": {"kind": "quantizers.ema", "codes": 5}},
}
KINDS = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


def filled(spec: dict[str, Any]) -> zoo.ZooModel:
    """A model with non-trivial statistics."""
    torch.manual_seed(0)
    model = zoo.build(spec)
    for part in model.modules():
        if isinstance(part, Standardize):
            part.fill(torch.linspace(-1, 1, 3), torch.linspace(0.5, 2, 3))
    return model


def images(batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, 3, 40, 32, generator=torch.Generator().manual_seed(1))


@KINDS
def test_images_pass_unchanged_and_every_part_learns(spec):
    model, x = filled(spec), images()
    output = model(x, target=torch.tensor([0, 3]) if "head" in spec else None)
    assert output.x is x
    assert output.image is x
    assert (output.scale, output.mask, output.x_recon) == (None, None, None)
    for stage, given in (("tokens", output.tokens and output.tokens.values), ("logits", output.logits)):
        promised = getattr(model.trace, stage)
        assert (None if given is None else tuple(given.shape[1:])) == (promised and promised.sizes)
    learnt = [value for name, value in output.losses.items() if "." not in name]
    learnt += [] if output.tokens is None else [output.tokens.values.square().mean()]
    torch.stack(learnt).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@KINDS
def test_its_bundle_gives_the_same(spec, tmp_path):
    model, x = filled(spec).eval(), images()
    zoo.save(model, tmp_path / "bundle")
    again = zoo.load(tmp_path / "bundle")
    assert again.spec == model.spec
    one, other = model(x), again(x)
    for given, expected in ((other.logits, one.logits), (other.quantized, one.quantized)):
        torch.testing.assert_close(given, expected, rtol=0, atol=0)


@KINDS
def test_check_and_build_show_each_stage_once(spec, tmp_path, capsys):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(spec))
    assert main(["check", str(path), "--json"]) == 0
    stages = json.loads(capsys.readouterr().out)["stages"]
    assert stages[0] == {"stage": "signal", "component": "input", "shape": {"c": 3, "h": 40, "w": 32}}
    parts = [
        "signal",
        *{"tokens": ["tokens", "logits"], "codes": ["tokens", "codes"], "a classifier": ["logits"]}[_name(spec)],
    ]
    assert [stage["stage"] for stage in stages] == parts
    assert main(["build", str(path), "--json"]) == 0
    built = json.loads(capsys.readouterr().out)
    assert [{name: stage[name] for name in ("stage", "component", "shape")} for stage in built["stages"]] == stages
    assert built["parameters"] == sum(p.numel() for p in zoo.build(spec).parameters())


def _name(spec: dict[str, Any]) -> str:
    return next(name for name, other in SPECS.items() if other is spec)


def test_the_cost_of_an_image_is_counted():
    model = zoo.build(SPECS["a classifier"])
    cost = bill(model)
    # The stem: 16 filters of 3 x 3 x 3 at every pixel; a multiplication and its addition count as two operations.
    assert cost.flops > 2 * 16 * 27 * 40 * 32
    assert not bool(model.head.standardize.filled)


def test_the_head_standardises_images_per_channel_without_another_scale():
    model, x = filled(SPECS["a classifier"]).eval(), images()
    standardize = model.head.standardize
    expected = torch.stack([(x[:, c] - standardize.mean[c]) / standardize.std[c] for c in range(3)], 1)
    torch.testing.assert_close(model(x).logits, model.head.network(expected))


def test_a_classifier_without_statistics_refuses_to_judge():
    with pytest.raises(BundleError, match="--expects-norm"):
        zoo.build(SPECS["a classifier"])(images())


@KINDS
def test_a_mask_is_refused(spec):
    x = images()
    for method in (filled(spec), filled(spec).encode):
        with pytest.raises(DataError, match=r"^mask: expected none beside ready-made images, found one; leave it out"):
            method(x, torch.ones_like(x, dtype=torch.bool))


@pytest.mark.parametrize("size", [(2, 3, 40), (2, 3, 32, 40), (2, 1, 40, 32), (3, 40, 32)])
def test_other_shapes_are_refused(size):
    with pytest.raises(ShapeError) as refusal:
        filled(SPECS["tokens"])(torch.zeros(size))
    assert str(refusal.value) == (
        f"x: expected (b, 3, 40, 32), found {size}; "
        "lay the images out as (batch, channels, height, width), or resize them first"
    )
