"""Classifiers are standardised by the training split: by its signals, or by the pixels of its images."""

import numpy as np
import pytest
import torch
from small_runs import SIGNAL
from zoo_registry import BundleError
from zoo_registry.run import TransferSpec

import zoo
from zoo.contracts import Image, Standardize
from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.model.build import build
from zoo.training.data import load_data
from zoo.training.fit import train
from zoo.training.statistics import fill_statistics, image_statistics

IMAGES = {"image": {"kind": "images.gaf", "size": 8}, "head": {"kind": "wrn.image", "depth": 10}}


def filled(run, data):
    """The model of ``run`` at the start of its training on ``data``."""
    model = build(run.with_input(data.data.input).model)
    fill_statistics(model, data)
    return model


def pixels(model, split):
    """Every pixel of every image of ``split``, `(c p)`, in float64, one window at a time."""
    images = []
    for index in range(len(split)):
        x, mask = split.read(slice(index, index + 1))
        given = None if mask is None else torch.from_numpy(mask)
        images.append(model.image(torch.from_numpy(x), given).double().numpy()[0])
    return np.stack(images, 1).reshape(images[0].shape[0], -1)


@pytest.mark.parametrize("batch", [6, 7, 100])
def test_a_classifier_of_images_gets_the_statistics_of_all_training_pixels(run_of, batch):
    run = run_of(IMAGES, {"batch": batch})
    data = load_data(run)
    model = filled(run, data)
    expected = pixels(model, data.data.train)
    standardize = model.head.standardize
    assert bool(standardize.filled)
    np.testing.assert_allclose(standardize.mean, expected.mean(1), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(standardize.std, expected.std(1), rtol=1e-6)
    assert not np.allclose(standardize.mean, data.data.mean, atol=1e-3)


@pytest.mark.parametrize("preset", ["pamap2", "geneactiv"])
def test_an_image_learns_its_own_statistics_before_those_of_its_pixels_are_taken(run_of, preset):
    image = {"kind": "images.persistence", "preset": preset, "size": 8}
    run = run_of({**IMAGES, "image": image}, {})
    data = load_data(run)
    model = filled(run, data)
    assert bool(model.image.scale.filled)
    expected = pixels(model, data.data.train)
    np.testing.assert_allclose(model.head.standardize.mean, expected.mean(1), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.head.standardize.std, expected.std(1), rtol=1e-6)


def test_gaps_reach_the_image_as_in_training(run_of, windows):
    x = np.load(windows / "X_train.npy")
    x[::3, :, 25:] = np.nan
    np.save(windows / "X_train.npy", x)
    run = run_of(IMAGES, {})
    run = run.model_copy(update={"data": run.data.model_copy(update={"missing": "mask"})})
    data = load_data(run)
    model = filled(run, data)
    assert data.data.train.masked
    expected = pixels(model, data.data.train)
    np.testing.assert_allclose(model.head.standardize.mean, expected.mean(1), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.head.standardize.std, expected.std(1), rtol=1e-6)


def test_a_classifier_of_signals_gets_the_statistics_of_the_signals(run_of):
    run = run_of(SIGNAL, {})
    data = load_data(run)
    model = filled(run, data)
    (standardize,) = [part for part in model.modules() if isinstance(part, Standardize)]
    np.testing.assert_allclose(standardize.mean, data.data.mean, rtol=1e-6)
    np.testing.assert_allclose(standardize.std, data.data.std, rtol=1e-6)


def test_statistics_loaded_with_weights_are_kept(run_of):
    run = run_of(IMAGES, {})
    data = load_data(run)
    model = build(run.with_input(data.data.input).model)
    model.head.standardize.fill(torch.tensor([5.0, 6.0]), torch.tensor([2.0, 3.0]))
    fill_statistics(model, data)
    assert model.head.standardize.mean.tolist() == [5, 6]


BAG = {"head": {"kind": "bag.signal", "samples": 8, "scales": [1, 2], "codes": [4, 12], "level": [4, 3]}}


def test_a_bag_learns_codebooks_from_training_windows_and_draws_no_global_random_number(run_of):
    run = run_of(BAG, {})
    data = load_data(run)
    torch.manual_seed(3)
    model = filled(run, data)
    after = torch.rand(1)
    bag = model.head.bag
    assert bool(bag.filled)
    np.testing.assert_allclose(bag.standardize.mean, data.data.mean, rtol=1e-6)
    assert len(bag.codes.joint_2_12.unique(dim=0)) == 12
    torch.manual_seed(3)
    build(run.with_input(data.data.input).model)
    assert torch.equal(after, torch.rand(1))


def test_a_transferred_bag_is_not_learned_again(run_of, tmp_path):
    folder = train(run_of(BAG, {"epochs": 1}), tmp_path / "run", quiet=True)
    run = run_of(BAG, {"epochs": 1, "seed": 9})
    run = run.model_copy(update={"transfer": (TransferSpec(source=str(folder.path)),)})
    later = train(run, tmp_path / "later", quiet=True)
    one, other = (zoo.load(folder.bundle).head.bag for folder in (folder, later))
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in one.state_dict().items())


def test_a_frozen_bag_gives_gradients_to_the_decoder(run_of):
    parts = {"encoder": {"kind": "conv.encoder", "dim": 8}, "decoder": {"kind": "conv.decoder", "dim": 8}}
    run = run_of({**parts, "head": BAG["head"] | {"kind": "bag.recon"}}, {})
    data = load_data(run)
    model = filled(run, data)
    np.testing.assert_allclose(model.head.bag.standardize.mean, data.data.mean, rtol=1e-6)
    model.head.requires_grad_(False)
    x, _ = data.data.train.read(slice(0, 4))
    model(torch.from_numpy(x), target=torch.zeros(4, dtype=torch.int64)).losses["ce"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.decoder.parameters())


class Moody(Image):
    """An imager that behaves differently in training, counts its calls, and adds an offset."""

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = offset
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        self.calls += 1
        return x[..., None].double() + self.offset + (100 if self.training else 0)


def test_a_large_offset_costs_no_precision_and_the_imager_stays_unchanged(run_of):
    data = load_data(run_of(IMAGES, {}))
    image = Moody(1e9).train()
    mean, std = image_statistics(image, data.data.train, 4)
    x, _ = data.data.train.read(slice(0, len(data.data.train)))
    np.testing.assert_allclose(mean, x.mean((0, 2), dtype=np.float64) + 1e9, rtol=1e-15)
    np.testing.assert_allclose(std, x.std((0, 2), dtype=np.float64), rtol=1e-6)
    assert image.training
    assert image.calls == 0


def test_a_channel_with_identical_images_has_no_deviation(run_of, windows):
    x = np.load(windows / "X_train.npy")
    x[:, 1] = 0.3
    np.save(windows / "X_train.npy", x)
    run = run_of(IMAGES, {})
    data = load_data(run)
    _, std = image_statistics(Moody(0).eval(), data.data.train, 7)
    assert std[1] == 0
    model = filled(run, data)
    assert model.head.standardize.std.min() > 1e-3


def test_a_trained_classifier_of_images_judges_from_its_bundle(run_of, tmp_path):
    folder = train(run_of(IMAGES, {"epochs": 1}), tmp_path / "run", quiet=True)
    assert judge_run(open_run(folder)).head.total == 12
    head = zoo.load(folder.bundle).head
    assert bool(head.standardize.filled)
    untrained = zoo.build(zoo.load(folder.bundle).spec)
    with pytest.raises(BundleError, match=r"^head: expected per-channel mean and deviation .* found none filled"):
        untrained(torch.randn(1, 2, 40))
