"""timm backbones as encoders and classifiers of images."""

import subprocess
import sys

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from zoo_registry import Registry, Shape, ShapeError, SpecError
from zoo_timm import TimmClassifier, TimmEncoder

from zoo.contracts import Output
from zoo.model.assembly import ZooModel

IMAGE = Shape.of("c h w", 5, 64, 64)
FAMILIES = [
    "resnet10t",
    "mobilenetv3_small_050",
    "convnext_atto",
    "efficientnet_b0",
    "vit_tiny_patch16_224",
    "swin_tiny_patch4_window7_224",
    "hrnet_w18_small",
]


def images(batch: int, shape: Shape = IMAGE) -> torch.Tensor:
    return torch.randn(batch, *shape.sizes, generator=torch.Generator().manual_seed(0))


def has_gradients(module: nn.Module) -> bool:
    return all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
@pytest.mark.parametrize(("grid", "dim"), [(1, 7), (2, 16)])
def test_spec_promises_the_tokens_that_are_built(backbone: str, grid: int, dim: int) -> None:
    spec = TimmEncoder(backbone=backbone, grid=grid, dim=dim)
    promised = spec.output(IMAGE)
    assert promised == Shape.of("c n d", 1, grid * grid, dim)
    tokens = spec.build(IMAGE)(images(2))
    assert tokens.values.shape == (2, *promised.sizes)
    assert tokens.mask is None


def test_tokens_are_cells_of_the_feature_map_row_by_row() -> None:
    image = Shape.of("c h w", 2, 64, 128)
    torch.manual_seed(0)
    encoder = TimmEncoder(backbone="test_vit", grid=2, dim=3).build(image).eval()
    x = images(1, image)
    features = encoder.backbone(x)[0]
    assert features.shape == (64, 4, 8)
    tokens = encoder(x).values[0, 0]
    for row in range(2):
        for column in range(2):
            cell = features[:, 2 * row : 2 * row + 2, 4 * column : 4 * column + 4].mean((1, 2))
            torch.testing.assert_close(tokens[2 * row + column], encoder.project(cell), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", FAMILIES)
def test_families_encode_and_learn_from_a_single_window(backbone: str) -> None:
    encoder = TimmEncoder(backbone=backbone, dim=6).build(IMAGE)
    tokens = encoder(images(1)).values
    assert tokens.shape == (1, 1, 4, 6)
    tokens.square().sum().backward()
    assert has_gradients(encoder.project)
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.backbone.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("backbone", FAMILIES)
def test_families_classify_and_learn_from_a_single_window(backbone: str) -> None:
    head = TimmClassifier(backbone=backbone).build(IMAGE, 3)
    logits = head(Output(x=images(1), image=images(1)))
    assert logits.shape == (1, 3)
    logits.logsumexp(1).sum().backward()
    assert has_gradients(head)


@pytest.mark.parametrize("size", [(48, 80), (64, 96)])
def test_models_of_fixed_size_receive_the_size_of_the_image(size: tuple[int, int]) -> None:
    image = Shape.of("c h w", 1, *size)
    head = TimmClassifier(backbone="test_vit").build(image, 4)
    assert head(Output(x=images(2, image), image=images(2, image))).shape == (2, 4)


@pytest.mark.parametrize("spec", [TimmEncoder(backbone="test_resnet"), TimmClassifier(backbone="test_resnet")])
def test_building_leaves_a_new_model_in_training_mode(spec: TimmEncoder | TimmClassifier) -> None:
    module = spec.build(IMAGE) if isinstance(spec, TimmEncoder) else spec.build(IMAGE, 3)
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    assert all(m.training and m.num_batches_tracked == 0 and (m.running_mean == 0).all() for m in norms)


@pytest.mark.parametrize(
    ("name", "hint"), [("resnet18x", "did you mean 'resnet18'"), ("qqqqqqqqqqqq", "timm.list_models")]
)
def test_unknown_backbone_is_refused_with_the_nearest_names(name: str, hint: str) -> None:
    with pytest.raises(SpecError, match=hint) as encoder:
        TimmEncoder(backbone=name).build(IMAGE)
    assert encoder.value.where == "encoder.backbone"
    with pytest.raises(SpecError, match=hint) as head:
        TimmClassifier(backbone=name).build(IMAGE, 3)
    assert head.value.where == "head.backbone"


@pytest.mark.parametrize(
    ("backbone", "size"),
    [("test_vit", 50), ("inception_v3", 64), ("efficientformer_l1", 64)],
    ids=["patches that do not divide", "image that runs out", "attention of a fixed size"],
)
def test_image_that_a_backbone_cannot_read_is_refused_in_one_line(backbone: str, size: int) -> None:
    image = Shape.of("c h w", 3, size, size)
    with pytest.raises(SpecError, match=f"h={size}") as encoder, torch.device("meta"):
        TimmEncoder(backbone=backbone).build(image)
    with pytest.raises(SpecError, match=f"h={size}") as head, torch.device("meta"):
        TimmClassifier(backbone=backbone).build(image, 3)
    for refusal in (encoder, head):
        assert backbone in str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_grid_finer_than_the_feature_map_is_refused() -> None:
    with pytest.raises(ShapeError, match="2 x 2") as refusal:
        TimmEncoder(backbone="test_resnet", grid=3).build(IMAGE)
    assert refusal.value.where == "encoder.grid"


@pytest.mark.parametrize("name", ["hf-hub:timm/resnet18", "local-dir:/tmp", "resnet18.a1_in1k", "../resnet18", ""])
def test_names_that_would_download_weights_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TimmEncoder(backbone=name)


def test_encoder_reads_images_only() -> None:
    with pytest.raises(ShapeError, match="an input"):
        TimmEncoder().output(Shape.of("c t", 3, 100))


def test_specs_are_checked_without_timm_or_torch() -> None:
    code = (
        "import sys, zoo_timm; from zoo_registry import Shape; "
        "zoo_timm.TimmEncoder().output(Shape.of('c h w', 3, 64, 64)); "
        "assert not {'torch', 'timm', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("mask", [False, True])
def test_defaults_are_a_complete_model(mask: bool) -> None:
    spec = {
        "input": {"channels": 3, "length": 100, "classes": 4},
        "image": {"kind": "images.gaf"},
        "encoder": {"kind": "timm.encoder"},
        "head": {"kind": "timm.classifier"},
    }
    model = ZooModel(Registry.discover().model(spec))
    x = torch.randn(2, 3, 100)
    output = model(x, torch.arange(100).expand_as(x) < 80 if mask else None, target=torch.tensor([0, 3]))
    assert output.tokens is not None
    assert output.tokens.values.shape == (2, 1, 4, 64)
    (output.losses["ce"] + output.tokens.values.square().mean()).backward()
    assert has_gradients(model)
