"""WideResNet checkpoints import as the network they hold, and can judge once their statistics are given."""

from pathlib import Path

import numpy as np
import pytest
import torch
from test_wrn import plain_forward, settle
from zoo_registry import BundleError, ImageInputSpec, InputSpec, SpecError
from zoo_wrn.wideresnet import IMAGES, SERIES, WideResNet

from zoo.weights.importing import import_checkpoint

CHECKPOINTS = Path(__file__).parents[2] / "../shared/weights/tda_kd"
CHANNELS, CLASSES = 3, 5


def network(layers, depth=10, width=2):
    torch.manual_seed(0)
    return settle(WideResNet(layers, CHANNELS, CLASSES, depth, width))


@pytest.fixture
def statistics(tmp_path):
    """A file with a mean and deviation per channel."""

    def statistics(channels):
        mean, std = np.linspace(-1, 2, channels), np.linspace(0.5, 3, channels)
        np.savez(tmp_path / "statistics.npz", mean=mean, std=std)
        return tmp_path / "statistics.npz", torch.tensor(mean).float(), torch.tensor(std).float()

    return statistics


def standardised(x, mean, std):
    place = (-1, *[1] * (x.dim() - 2))
    return (x - mean.view(place)) / std.view(place)


FORMS = {
    "published": lambda state: {"model_state_dict": state, "optimizer_state_dict": {"state": {}}, "epoch": 92},
    "under state_dict": lambda state: {"state_dict": state},
    "bare": lambda state: state,
    "parallel": lambda state: {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
}


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize(("layers", "given"), [(SERIES, {"t": 37}), (IMAGES, {"h": 9, "w": 14})])
@pytest.mark.parametrize(("depth", "width"), [(10, 2), (22, 1)])
def test_the_network_of_a_file_is_recognised(tmp_path, statistics, layers, given, depth, width, form):
    expected = network(layers, depth, width)
    torch.save(FORMS[form](expected.state_dict()), tmp_path / "wrn.pth.tar")
    path, mean, std = statistics(CHANNELS)
    imported = import_checkpoint("wrn", tmp_path / "wrn.pth.tar", given, path)
    assert [note for note in imported.notes if "--classes" not in note] == []
    model = imported.model
    assert model.spec.head.kind == ("wrn.signal" if layers is SERIES else "wrn.image")
    assert (model.spec.head.depth, model.spec.head.width) == (depth, width)
    x = torch.randn(2, CHANNELS, *given.values())
    assert torch.equal(model(x).logits, expected(standardised(x, mean, std)))


@pytest.mark.parametrize(
    ("layers", "given", "enters", "words"),
    [
        (SERIES, {}, InputSpec(channels=CHANNELS, length=100, classes=CLASSES), "t=100"),
        (IMAGES, {}, ImageInputSpec(channels=CHANNELS, height=64, width=64, classes=CLASSES), "h=64, w=64"),
        (IMAGES, {"w": 32}, ImageInputSpec(channels=CHANNELS, height=64, width=32, classes=CLASSES), "say h=64:"),
    ],
)
def test_sizes_missing_in_the_file_have_defaults_and_are_noted(tmp_path, layers, given, enters, words):
    torch.save(network(layers).state_dict(), tmp_path / "wrn.pt")
    model, notes = import_checkpoint("wrn", tmp_path / "wrn.pt", given)
    assert model.spec.input == enters
    assert words in notes[0]
    assert "--expects-norm" in notes[1]


@pytest.mark.parametrize(
    ("file", "given", "x"), [("wrn161_0_signal", {}, (2, 40, 100)), ("wrn161_0_image", {}, (2, 40, 64, 64))]
)
def test_published_networks_refuse_to_judge_until_they_have_statistics(statistics, file, given, x):
    path = CHECKPOINTS / f"{file}.pth.tar"
    if not path.exists():
        pytest.skip("../shared with the published networks is not here")
    x = torch.randn(x, generator=torch.Generator().manual_seed(0))
    with pytest.raises(BundleError, match="per-channel mean and deviation"):
        import_checkpoint("wrn", path, given).model(x)
    file, mean, std = statistics(40)
    with torch.no_grad():
        found = import_checkpoint("wrn", path, given, file).model(x).logits
    weights = torch.load(path, map_location="cpu", weights_only=True)["model_state_dict"]
    expected = plain_forward(weights, standardised(x, mean, std), blocks=2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("layers", "given", "words"),
    [(SERIES, {"h": 64}, "sizes of t alone, found h=64"), (IMAGES, {"t": 100}, "sizes of h, w alone, found t=100")],
)
def test_sizes_of_the_other_kind_are_refused(tmp_path, layers, given, words):
    torch.save(network(layers).state_dict(), tmp_path / "wrn.pt")
    with pytest.raises(SpecError, match=words):
        import_checkpoint("wrn", tmp_path / "wrn.pt", given)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conv1.weight": None}, "a tensor conv1.weight"),
        ({"fc.weight": torch.zeros(5, 100)}, "a multiple of 64 channels, found 100"),
        ({"fc.weight": torch.zeros(1, 128)}, "input.classes"),
        ({"fc.bias": None}, "tensor head.classifier.network.fc.bias, found 1 of 50 missing"),
        ({"extra": torch.zeros(2)}, r"head.classifier.network.extra \(1 without a place\)"),
        ({"block2.nblockLayer.0.conv1.weight": torch.zeros(1)}, r"found \(1,\) real numbers"),
        ({"conv1.weight": torch.zeros(16, 3)}, "conv1.weight with 3 axes"),
    ],
)
def test_a_file_without_a_complete_network_is_refused(tmp_path, changes, words):
    state = network(SERIES).state_dict() | changes
    torch.save({name: tensor for name, tensor in state.items() if tensor is not None}, tmp_path / "wrn.pt")
    with pytest.raises(BundleError, match=words):
        import_checkpoint("wrn", tmp_path / "wrn.pt")
