"""The encoder of VQShape: masks, omitted patches, attributes and the term that spreads them."""

import math

import pytest
import torch
from small_runs import PUBLISHED
from torch import Tensor
from zoo_registry import Shape, ShapeError
from zoo_vqshape import VQShapeEncoderSpec
from zoo_vqshape.attributes import crowding, stretch_attributes
from zoo_vqshape.encoder import VQShapeEncoder
from zoo_vqshape.patches import LeaveOut, Patches, readable

from zoo.contracts import Attributes

LENGTH, PATCHES = 24, 8


def build(**fields) -> VQShapeEncoder:
    torch.manual_seed(0)
    small = {"patches": PATCHES, "tokens": 5, "dim": 8, "heads": 2, "layers": 2, "tokenizer_heads": 2}
    spec = VQShapeEncoderSpec(**{**PUBLISHED, **small, "tokenizer_layers": 2, "code_dim": 3, "dropout": 0.0, **fields})
    module = spec.build(Shape.of("c t", 2, LENGTH))
    assert isinstance(module, VQShapeEncoder)
    return module.double()


def signal(seed: int = 1) -> Tensor:
    return torch.randn(3, 2, LENGTH, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def holes() -> Tensor:
    mask = torch.ones(3, 2, LENGTH, dtype=torch.bool)
    mask[0, 0, 4:8] = mask[1, :, 0] = mask[2, 1, -9:] = False
    return mask


@pytest.mark.parametrize("training", [False, True])
def test_no_mask_equals_a_mask_that_is_all_true(training):
    encoder, x = build().train(training), signal()
    torch.manual_seed(3)
    plain = encoder(x).features()
    torch.manual_seed(3)
    masked = encoder(x, torch.ones_like(x, dtype=torch.bool)).features()
    torch.testing.assert_close(masked, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("training", [False, True])
def test_unobserved_samples_do_not_matter(training):
    encoder, x, mask = build().train(training), signal(), holes()
    other = torch.where(mask, x, torch.nan)
    torch.manual_seed(3)
    found = encoder(x, mask).features()
    torch.manual_seed(3)
    torch.testing.assert_close(encoder(other, mask).features(), found, rtol=0, atol=0)


def test_a_patch_with_a_hole_counts_as_absent():
    encoder, mask = build().eval(), torch.ones(1, 2, LENGTH, dtype=torch.bool)
    mask[..., 4] = False
    x = signal()[:1]
    other = x.clone()
    other[..., 3:6] = 7.0
    torch.testing.assert_close(encoder(other, mask).features(), encoder(x, mask).features(), rtol=0, atol=1e-12)
    assert not torch.allclose(encoder(other).features(), encoder(x).features())


@pytest.mark.parametrize("training", [False, True])
def test_a_series_without_a_whole_patch_still_has_finite_tokens(training):
    encoder, x, mask = build().train(training), signal(), holes()
    mask[0, 0, ::3] = False
    mask[1, 1] = False
    tokens = encoder(x, mask)
    tokens.features().sum().backward()
    assert tokens.features().isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())


def test_readable_patches_fall_back_from_whole_to_partial_to_all():
    whole, partial, none = [True, True], [True, False], [False, False]
    observed = torch.tensor([[whole, partial, none], [partial, none, partial], [none, none, none]])
    expected = torch.tensor([[True, False, False], [True, False, True], [True, True, True]])
    assert torch.equal(readable(observed), expected)


def test_patches_overlap_and_repeat_the_end():
    x = torch.arange(10.0).view(1, 1, 10)
    assert Patches(10, 5, 2, 2)(x).tolist() == [[[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]]
    assert Patches(10, 3, 4, 3)(x).tolist() == [[[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]]
    assert Patches(10, 5, 4, 2)(x)[0, -2:].tolist() == [[6, 7, 8, 9], [8, 9, 9, 9]]


@pytest.mark.parametrize("length", [LENGTH - 1, LENGTH + 1])
def test_series_of_another_length_are_refused(length):
    with pytest.raises(ShapeError, match=f"{LENGTH} samples"):
        build()(torch.zeros(1, 1, length, dtype=torch.float64))


def test_channels_do_not_see_each_other():
    encoder, x = build().eval(), signal()
    swapped = encoder(x.flip(1)).features().flip(1)
    torch.testing.assert_close(swapped, encoder(x).features(), rtol=0, atol=1e-12)


def test_evaluation_uses_no_random_numbers_and_training_omits_patches():
    encoder, x = build(), signal()
    assert torch.equal(encoder.eval()(x).values, encoder(x).values)
    encoder.train()
    assert not torch.allclose(encoder(x).values, encoder(x).values)
    whole = build(mask_ratio=0.0)
    torch.testing.assert_close(whole.train()(x).values, whole.eval()(x).values, rtol=0, atol=1e-12)


def test_patches_are_omitted_not_replaced():
    leave_out, x = LeaveOut(8, 0.25), torch.arange(1.0, 9.0).view(1, 8, 1).expand(500, 8, 2)
    kept, keys = leave_out(x, None)
    assert kept.shape == (500, 6, 2)
    assert keys is None
    assert all(len(set(row)) == 6 and set(row) <= set(range(1, 9)) for row in kept[..., 0].int().tolist())
    share = (kept[..., 0, None] == torch.arange(1.0, 9.0)).any(1).double().mean(0)
    assert (share - 0.75).abs().max() < 0.1


def test_only_readable_patches_are_chosen_and_a_share_of_them_omitted():
    leave_out, x = LeaveOut(8, 0.25), torch.arange(8.0).view(1, 8, 1).expand(200, 8, 1)
    for real in range(1, 9):
        keys = torch.arange(8).expand(200, 8) < real
        kept, left = leave_out(x, keys)
        assert kept.shape == (200, 6, 1)
        assert (left.sum(-1) == real - int(0.25 * real)).all()
        assert (kept[..., 0][left] < real).all()


def test_attributes_lie_in_their_ranges():
    encoder = build(shortest=0.1).eval()
    t, length, _, sigma = encoder(signal() * 100).attributes.values()
    assert ((t >= 0) & (t <= 0.9)).all()
    assert ((length >= 0.1) & (t + length <= 1.1)).all()
    assert (sigma > 0).all()


def test_the_shortest_shape_is_one_patch_by_default():
    assert build().shortest == 1 / PATCHES
    assert build(shortest=0.02).shortest == 0.02


def crowding_by_hand(t: list[float], length: list[float], shortest: float) -> float:
    points = [
        complex(math.cos(math.pi * a), math.sin(math.pi * a)) * math.log(b) / math.log(shortest)
        for a, b in zip(t, length, strict=True)
    ]
    pairs = [max(0, 0.2 - abs(p - q)) for i, p in enumerate(points) for j, q in enumerate(points) if i != j]
    return sum(pairs) / len(points) ** 2


def attributes(t: list[list[float]], length: list[list[float]]) -> Attributes:
    start, span = (torch.tensor([rows], dtype=torch.float64, requires_grad=True) for rows in (t, length))
    return stretch_attributes(start, span, torch.zeros_like(start), torch.ones_like(start))


def test_crowding_equals_its_formula():
    t, length = [0.1, 0.12, 0.5, 0.5], [0.3, 0.31, 0.2, 0.2]
    found = crowding(attributes([t], [length]), 1 / 50)
    assert found.item() == pytest.approx(crowding_by_hand(t, length, 1 / 50), abs=1e-12)


def test_crowding_means_over_series_and_skips_padded_tokens():
    rows = [([0.1, 0.12, 0.5], [0.3, 0.31, 0.2]), ([0.6, 0.61, 0.62], [0.5, 0.5, 0.5])]
    both = attributes([t for t, _ in rows], [length for _, length in rows])
    expected = sum(crowding_by_hand(*row, 0.1) for row in rows) / 2
    assert crowding(both, 0.1).item() == pytest.approx(expected, abs=1e-12)
    mask = torch.tensor([[[True, True, False], [False, False, False]]])
    expected = crowding_by_hand([0.1, 0.12], [0.3, 0.31], 0.1)
    assert crowding(both, 0.1, mask).item() == pytest.approx(expected, abs=1e-12)


def test_tokens_at_one_position_have_no_gradient_and_no_nan():
    same = attributes([[0.3, 0.3, 0.3]], [[0.2, 0.2, 0.2]])
    loss = crowding(same, 1 / 64)
    loss.backward()
    assert loss.item() == pytest.approx(0.2 * 6 / 9)
    assert torch.equal(same["t"].grad, torch.zeros_like(same["t"]))
    assert torch.equal(same["l"].grad, torch.zeros_like(same["l"]))
