"""WideResNets: sizes of the papers, public checkpoints, one module on two inputs, pooling over observed samples."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import BundleError, Registry, Shape, ShapeError, SpecError
from zoo_wrn import WideResNetImage, WideResNetRecon, WideResNetSignal
from zoo_wrn.heads import ImageHead, SeriesClassifier
from zoo_wrn.wideresnet import IMAGES, SERIES, Layers, WideResNet

from zoo.contracts import Output, Standardize
from zoo.model.assembly import ZooModel

CHECKPOINTS = Path(__file__).parents[2] / "../shared/weights/tda_kd"
SIZES = [(16, 1), (16, 3), (28, 1), (28, 3), (40, 1)]
PARAMETERS = {
    (SERIES, 3, 14): (61_374, 536_254, 126_782, 1_119_550, 192_190),
    (SERIES, 3, 7): (60_919, 534_903, 126_327, 1_118_199, 191_735),
    (IMAGES, 3, 14): (175_326, 1_550_302, 369_758, 3_294_814, 564_190),
    (SERIES, 40, 12): (63_020, 537_644, 128_428, 1_120_940, 193_836),
    (IMAGES, 40, 12): (180_524, 1_555_244, 374_956, 3_299_756, 569_388),
}
TABLE = [
    pytest.param(*row, *size, count, id=f"{1 if row[0] is SERIES else 2}-D-{row[1]}ch-{row[2]}cls-{size[0]}-{size[1]}")
    for row, counts in PARAMETERS.items()
    for size, count in zip(SIZES, counts, strict=True)
]


def trainable(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def settle(module: nn.Module, seed: int = 0) -> nn.Module:
    """Batch norms with non-trivial statistics and weights, statistics filled, eval mode."""
    generator = torch.Generator().manual_seed(seed)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.2, generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)
            if part.affine:
                nn.init.normal_(part.weight, 1, 0.2, generator=generator)
                nn.init.normal_(part.bias, 0, 0.2, generator=generator)
        if isinstance(part, Standardize):
            part.fill(torch.linspace(-1, 1, len(part.mean)), torch.linspace(0.5, 2, len(part.std)))
    return module.eval()


def classifier(channels: int = 2, classes: int = 3) -> SeriesClassifier:
    torch.manual_seed(0)
    return settle(SeriesClassifier(channels, classes, depth=10, width=1))


@pytest.mark.parametrize(("layers", "channels", "classes", "depth", "width", "count"), TABLE)
def test_parameters_are_those_of_the_published_table(
    layers: Layers, channels: int, classes: int, depth: int, width: int, count: int
) -> None:
    with torch.device("meta"):
        assert trainable(WideResNet(layers, channels, classes, depth, width)) == count


@pytest.mark.parametrize("spec", [WideResNetSignal, WideResNetRecon, WideResNetImage])
def test_heads_have_no_parameters_beside_the_network(spec: type[WideResNetSignal]) -> None:
    layers, x = (IMAGES, Shape.of("c h w", 3, 8, 8)) if spec.needs == "image" else (SERIES, Shape.of("c t", 3, 50))
    assert trainable(spec(depth=22, width=2).build(x, 5)) == trainable(WideResNet(layers, 3, 5, 22, 2))


def plain_forward(weights: dict[str, Tensor], x: Tensor, blocks: int) -> Tensor:
    """The network written out from its state dict."""
    conv = {3: F.conv1d, 4: F.conv2d}[x.dim()]

    def norm_relu(name: str, x: Tensor) -> Tensor:
        mean, var, weight, bias = (
            weights[f"{name}.{part}"].view(1, -1, *[1] * (x.dim() - 2))
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return ((x - mean) / (var + 1e-5).sqrt() * weight + bias).clamp(min=0)

    x = conv(x, weights["conv1.weight"], padding=1)
    for stage in (1, 2, 3):
        for i in range(blocks):
            name = f"block{stage}.nblockLayer.{i}"
            stride = 2 if stage > 1 and i == 0 else 1
            active = norm_relu(f"{name}.batch_norm1", x)
            inner = conv(active, weights[f"{name}.conv1.weight"], stride=stride, padding=1)
            inner = conv(norm_relu(f"{name}.batch_norm2", inner), weights[f"{name}.conv2.weight"], padding=1)
            shortcut = weights.get(f"{name}.conv_inp.weight")
            x = inner + (x if shortcut is None else conv(active, shortcut, stride=stride))
    pooled = norm_relu("batch_norm", x).flatten(2).mean(-1)
    return pooled @ weights["fc.weight"].T + weights["fc.bias"]


@pytest.mark.parametrize(("layers", "size"), [(SERIES, (37,)), (IMAGES, (9, 14))])
@pytest.mark.parametrize(("depth", "width"), [(16, 1), (10, 2)])
def test_network_equals_the_written_out_forward(layers: Layers, size: tuple[int, ...], depth: int, width: int) -> None:
    torch.manual_seed(1)
    network = settle(WideResNet(layers, 3, 4, depth, width)).double()
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    expected = plain_forward(dict(network.state_dict()), x, (depth - 4) // 6)
    torch.testing.assert_close(network(x), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("file", "layers", "size"),
    [("wrn161_0_signal", SERIES, (100,)), ("wrn161_0_image", IMAGES, (64, 64))],
)
def test_public_checkpoints_load_and_run(file: str, layers: Layers, size: tuple[int, ...]) -> None:
    path = CHECKPOINTS / f"{file}.pth.tar"
    if not path.exists():
        pytest.skip(f"{path.name} is not at hand")
    weights = torch.load(path, map_location="cpu", weights_only=True)["model_state_dict"]
    network = WideResNet(layers, 40, 12, depth=16, width=1)
    network.load_state_dict(weights, strict=True)
    x = torch.randn(2, 40, *size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(x), plain_forward(weights, x, blocks=2), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("layers", "size", "expected"),
    [
        (SERIES, (500,), [(500,), (250,), (125,)]),
        (SERIES, (206,), [(206,), (103,), (52,)]),
        (IMAGES, (64, 64), [(64, 64), (32, 32), (16, 16)]),
    ],
)
def test_stages_halve_time_and_double_width(
    layers: Layers, size: tuple[int, ...], expected: list[tuple[int, ...]]
) -> None:
    with torch.device("meta"):
        features = WideResNet(layers, 3, 5, 16, 2).features(torch.zeros(1, 3, *size))
    assert [tuple(f.shape[1:]) for f in features] == [(32 * 2**i, *length) for i, length in enumerate(expected)]


def test_convolutions_start_with_variance_two_over_fan_out() -> None:
    torch.manual_seed(0)
    network = WideResNet(SERIES, 40, 12, 16, 3)
    weight = network.block3.nblockLayer[1].conv2.weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (3 * 192)), rel=0.02)
    assert network.fc.bias.abs().max() == 0


@pytest.mark.parametrize("depth", range(10, 101))
def test_depth_is_six_n_plus_four(depth: int) -> None:
    if depth in range(10, 101, 6):
        assert WideResNetSignal(depth=depth).depth == depth
        return
    below, above = max(d for d in range(10, 101, 6) if d < depth), 10 + 6 * -(-(depth - 10) // 6)
    with pytest.raises(ValidationError, match=rf"such as {below} or {above}"):
        WideResNetSignal(depth=depth)


def test_wrong_depth_is_refused_with_its_path() -> None:
    spec = {"input": {"channels": 3, "length": 100, "classes": 4}, "head": {"kind": "wrn.signal", "depth": 18}}
    with pytest.raises(SpecError, match="16 or 22") as refusal:
        Registry.discover().model(spec)
    assert refusal.value.where == "head.depth"


@pytest.mark.parametrize(
    ("spec", "layout", "smallest", "below"),
    [
        (WideResNetSignal(depth=10), "c t", (5,), (4,)),
        (WideResNetImage(depth=10), "c h w", (4, 5), (4, 4)),
    ],
)
def test_smallest_input_trains_on_a_single_window(
    spec: WideResNetSignal | WideResNetImage, layout: str, smallest: tuple[int, ...], below: tuple[int, ...]
) -> None:
    spec.check(Shape.of(layout, 2, *smallest))
    head = spec.build(Shape.of(layout, 2, *smallest), 3)
    for part in head.modules():
        if isinstance(part, Standardize):
            part.fill(torch.zeros(2), torch.ones(2))
    x = torch.randn(1, 2, *smallest)
    head.train()(Output(x=x, image=x)).sum().backward()
    assert all(p.grad is not None for p in head.parameters())
    with pytest.raises(ShapeError, match="longer windows"):
        spec.check(Shape.of(layout, 2, *below))


def test_signal_and_recon_are_one_module_on_two_inputs() -> None:
    x = Shape.of("c t", 2, 40)
    signal = WideResNetSignal(depth=10).build(x, 3)
    recon = WideResNetRecon(depth=10).build(x, 3)
    settle(signal)
    recon.load_state_dict(signal.state_dict(), strict=True)
    recon.eval()
    given, rebuilt = torch.randn(2, 4, 2, 40)
    mask = torch.rand(4, 2, 40) > 0.3
    for seen in (None, mask):
        assert torch.equal(recon(Output(x=given, x_recon=rebuilt, mask=seen)), signal(Output(x=rebuilt, mask=seen)))
    assert not torch.equal(recon(Output(x=given, x_recon=rebuilt)), signal(Output(x=given)))


def test_refuses_to_judge_before_statistics_are_filled() -> None:
    head = WideResNetSignal(depth=10).build(Shape.of("c t", 2, 40), 3)
    with pytest.raises(BundleError, match="per-channel mean and deviation"):
        head(Output(x=torch.randn(1, 2, 40)))


def test_judges_in_the_units_of_its_training_data() -> None:
    model, x = classifier(), torch.randn(2, 2, 30, generator=torch.Generator().manual_seed(2))
    before = model(x)
    factor, offset = torch.tensor([[1000.0], [0.01]]), torch.tensor([[5.0], [-3.0]])
    mean, std = model.standardize.mean[:, None], model.standardize.std[:, None]
    model.standardize.fill((mean * factor + offset).squeeze(1), (std * factor).squeeze(1))
    torch.testing.assert_close(model(x * factor + offset), before, rtol=1e-3, atol=1e-3)


@given(length=st.integers(5, 70), seed=st.integers(0, 99), half=st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_mask_and_an_all_true_mask_are_equal(length: int, seed: int, half: bool) -> None:
    model, x = classifier(), torch.randn(3, 2, length, generator=torch.Generator().manual_seed(seed))
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        assert torch.equal(model(x), model(x, torch.ones_like(x, dtype=torch.bool)))


@given(length=st.integers(5, 70), seed=st.integers(0, 99), junk=st.sampled_from([1e6, float("inf"), float("nan")]))
@settings(max_examples=25, deadline=None)
def test_unobserved_content_does_not_matter(length: int, seed: int, junk: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, mask = torch.randn(3, 2, length, generator=generator), torch.rand(3, 2, length, generator=generator) > 0.4
    model = classifier()
    assert torch.equal(model(x, mask), model(torch.where(mask, x, junk), mask))


@given(length=st.integers(5, 70), data=st.data())
@settings(max_examples=25, deadline=None)
def test_pooling_counts_positions_with_observed_samples(length: int, data: st.DataObject) -> None:
    mask = torch.tensor(data.draw(st.lists(st.booleans(), min_size=2 * length, max_size=2 * length)))
    mask = mask.view(1, 2, length)
    model, x = classifier(), torch.randn(1, 2, length, generator=torch.Generator().manual_seed(length))
    network = model.network
    positions = F.relu(network.batch_norm(network.features(model.standardize(x, mask))[-1]))[0]
    counted = [p for p in range(positions.shape[1]) if mask[0, :, 4 * p : 4 * p + 4].any()]
    expected = network.fc(torch.stack([positions[:, p] for p in counted]).mean(0) if counted else torch.zeros(64))
    torch.testing.assert_close(model(x, mask)[0], expected, rtol=1e-4, atol=1e-5)


def test_padding_is_excluded_from_pooling() -> None:
    """The last positions of a padded window see only zeros; the mask excludes them from the mean."""
    model, x = classifier(), torch.randn(1, 2, 64, generator=torch.Generator().manual_seed(3))
    padded = F.pad(x, (0, 192))
    mask = torch.arange(256).expand(1, 2, 256) < 64
    alone, masked, blind = model(x), model(padded, mask), model(padded)
    assert (masked - alone).norm() < 0.3 * (blind - alone).norm()


def test_image_head_judges_in_the_units_of_its_training_images() -> None:
    torch.manual_seed(0)
    head = settle(ImageHead(channels=2, classes=3, depth=10, width=1))
    images = torch.rand(4, 2, 12, 12)
    before = head(Output(x=images, image=images))
    factor, offset = torch.tensor([50.0, 0.5]), torch.tensor([7.0, -3.0])
    head.standardize.fill(head.standardize.mean * factor + offset, head.standardize.std * factor)
    scaled = images * factor.view(2, 1, 1) + offset.view(2, 1, 1)
    torch.testing.assert_close(head(Output(x=images, image=scaled)), before, rtol=1e-3, atol=1e-3)


def test_image_head_has_the_tensor_names_of_a_classifier_of_series() -> None:
    image, series = (set(part(2, 3, depth=10, width=1).state_dict()) for part in (ImageHead, SeriesClassifier))
    assert image == series
    assert {name.partition(".")[0] for name in image} == {"standardize", "network"}


def test_image_head_refuses_to_judge_before_statistics_are_filled() -> None:
    images = torch.randn(1, 2, 12, 12)
    with pytest.raises(BundleError, match=r"per-channel mean and deviation .*; .*--expects-norm"):
        ImageHead(2, 3, depth=10, width=1)(Output(x=images, image=images))


@given(sizes=st.lists(st.integers(1, 5), max_size=3), seed=st.integers(0, 99), masked=st.booleans())
@settings(deadline=None)
def test_standardize_treats_every_channel_the_same_whatever_the_axes_after_it(sizes, seed, masked) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, 2, *sizes, generator=generator)
    mask = torch.rand(x.shape, generator=generator) > 0.5 if masked else None
    standardize = Standardize(2)
    standardize.fill(torch.tensor([1.0, -2.0]), torch.tensor([0.5, 0.0]))
    found = standardize(x, mask)
    for channel, (mean, std) in enumerate([(1, 0.5), (-2, 1)]):
        expected = (x[:, channel] - mean) / std
        expected = expected if mask is None else expected * mask[:, channel]
        assert torch.equal(found[:, channel], expected)


def test_classifier_of_signals_is_a_complete_model() -> None:
    spec = {"input": {"channels": 3, "length": 50, "classes": 4}, "head": {"kind": "wrn.signal", "depth": 10}}
    model = ZooModel(Registry.discover().model(spec))
    for part in model.modules():
        if isinstance(part, Standardize):
            part.fill(torch.zeros(3), torch.ones(3))
    output = model(torch.randn(2, 3, 50), target=torch.tensor([0, 3]))
    assert output.logits is not None
    assert output.logits.shape == (2, 4)
    output.losses["ce"].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
