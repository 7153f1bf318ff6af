"""Gramian angular fields against the formula written in loops, and the invariants that follow from it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo_images import GramianAngularField
from zoo_images.gramian import GramianAngularImage, Method
from zoo_registry import Registry, Shape, ShapeError

from zoo.model.assembly import ZooModel

METHODS: tuple[Method, ...] = ("summation", "difference")
GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "images"
Sizes = st.integers(8, 20).flatmap(lambda size: st.tuples(st.just(size), st.integers(size, 60)))


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def hide(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) > 0.5


def plain_field(series: np.ndarray, seen: np.ndarray, size: int, method: str) -> np.ndarray:
    """One channel's image, from the definition: segment means, [-1, 1], polar angle, cosine of sums or sine of
    differences."""
    means: list[float | None] = []
    for i in range(size):
        start, stop = i * len(series) // size, (i + 1) * len(series) // size
        values = [series[t] for t in range(start, stop) if seen[t]]
        means.append(sum(values) / len(values) if values else None)
    known = [m for m in means if m is not None]
    image = np.zeros((size, size))
    for i, a in enumerate(means):
        for j, b in enumerate(means):
            if a is None or b is None:
                continue
            low, high = min(known), max(known)
            x, y = ((2 * (m - low) / (high - low) - 1 if high > low else -1.0) for m in (a, b))
            one, other = np.arccos(np.clip(x, -1, 1)), np.arccos(np.clip(y, -1, 1))
            image[i, j] = np.cos(one + other) if method == "summation" else np.sin(one - other)
    return image


@pytest.mark.parametrize("method", METHODS)
@given(sizes=Sizes, seed=st.integers(0, 999), masked=st.booleans())
@settings(max_examples=30, deadline=None)
def test_image_equals_the_formula(method: Method, sizes: tuple[int, int], seed: int, masked: bool) -> None:
    size, length = sizes
    x = draw(2, 3, length, seed=seed)
    mask = hide(2, 3, length, seed=seed) if masked else None
    image = GramianAngularImage(length, size, method)(x, mask)
    assert image.shape == (2, 3, size, size)
    seen = torch.ones_like(x, dtype=torch.bool) if mask is None else mask
    for b in range(2):
        for c in range(3):
            expected = plain_field(x[b, c].numpy(), seen[b, c].numpy(), size, method)
            np.testing.assert_allclose(image[b, c].numpy(), expected, atol=1e-7)


@pytest.mark.parametrize("length", [64, 100, 206, 500, 1000])
def test_segments_equal_piecewise_aggregate_approximation(length: int) -> None:
    borders = np.floor(np.linspace(0, length, 65)).astype(int)
    image = GramianAngularImage(length, 64)
    for i in range(64):
        assert image.inside[:, i].nonzero().flatten().tolist() == list(range(borders[i], borders[i + 1]))


@given(sizes=Sizes, seed=st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_image_is_symmetric_with_cosine_of_twice_the_angle_on_its_diagonal(sizes: tuple[int, int], seed: int) -> None:
    size, _ = sizes
    x = draw(1, 2, size, seed=seed)
    image = GramianAngularImage(size, size)(x)
    torch.testing.assert_close(image, image.mT, rtol=0, atol=1e-15)  # BLAS may round cos·cos − sin·sin once or twice
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    phi = torch.arccos((2 * (x - low) / (high - low) - 1).clamp(-1, 1))
    torch.testing.assert_close(image.diagonal(dim1=-2, dim2=-1), torch.cos(2 * phi), rtol=0, atol=1e-7)
    assert image.abs().max() <= 1 + 1e-12


@pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"{GOLDEN} is not there")
def test_images_equal_those_of_pyts() -> None:
    stored = np.load(GOLDEN / "gramian.npz")
    for key in [key for key in stored if key.startswith("x/")]:
        for method in METHODS:
            assert_field(stored[key], stored[f"{method}/{key[2:]}"], method)
    for key in [key for key in stored if key.startswith("size") and "/x_" in key]:
        assert_field(stored[key], stored[key.replace("/x_", "/summation_")], "summation")


@pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"{GOLDEN} is not there")
def test_images_of_real_windows_equal_those_of_pyts() -> None:
    stored, windows = np.load(GOLDEN / "wrist_adl14_images.npz"), GOLDEN.parents[1] / "data" / "wrist_adl14"
    x = np.load(windows / "X_train.npy", mmap_mode="r")
    for key in [key for key in stored if key.startswith("summation/")]:
        row, channel = map(int, key.removeprefix("summation/").split("_"))
        assert_field(x[row, channel].astype(np.float32), stored[key], "summation")


def assert_field(series: np.ndarray, expected: np.ndarray, method: Method) -> None:
    image = GramianAngularImage(len(series), len(expected), method)
    found = image(torch.from_numpy(series).view(1, 1, -1))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found[0, 0].numpy(), expected, rtol=0, atol=1e-6)


def test_a_tiny_range_keeps_its_digits() -> None:
    wave = torch.sin(torch.linspace(0, 20, 500, dtype=torch.float64)).view(1, 1, -1)
    x, image = (1 + 1e-6 * wave).float(), GramianAngularImage(500, 64)
    torch.testing.assert_close(image(x).double(), image(x.double()), rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_image_is_one_graph_and_can_be_exported(method: Method) -> None:
    image = GramianAngularImage(50, 16, method)
    x, mask = draw(3, 2, 50).float(), hide(3, 2, 50)
    compiled = torch.compile(image, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, mask), image(x, mask))
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(image, (x, mask), dynamic_shapes=(batch, batch)).module()
    torch.testing.assert_close(program(x[:1], mask[:1]), image(x[:1], mask[:1]))


def test_scale_and_offset_of_a_channel_do_not_matter() -> None:
    x, image = draw(2, 3, 50), GramianAngularImage(50, 16)
    factors = torch.tensor([1e-3, 1.0, 1e3], dtype=torch.float64).view(1, 3, 1)
    torch.testing.assert_close(image(x * factors - 2), image(x), rtol=0, atol=1e-5)


def test_constant_channel_gives_ones() -> None:
    x = torch.full((1, 2, 30), 4.2)
    assert torch.equal(GramianAngularImage(30, 10)(x), torch.ones(1, 2, 10, 10))


def test_single_precision_keeps_its_digits_at_the_extremes() -> None:
    x, image = draw(4, 3, 500), GramianAngularImage(500, 64)
    torch.testing.assert_close(image(x.float()).double(), image(x.float().double()), rtol=0, atol=2e-6)


@given(sizes=Sizes, seed=st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_no_mask_and_an_all_true_mask_are_equal(sizes: tuple[int, int], seed: int) -> None:
    size, length = sizes
    x, image = draw(2, 2, length, seed=seed), GramianAngularImage(length, size)
    assert torch.equal(image(x), image(x, torch.ones_like(x, dtype=torch.bool)))


@given(sizes=Sizes, seed=st.integers(0, 999), junk=st.sampled_from([1e9, float("inf"), float("nan")]))
@settings(max_examples=20, deadline=None)
def test_unobserved_content_does_not_matter(sizes: tuple[int, int], seed: int, junk: float) -> None:
    size, length = sizes
    x, mask, image = draw(2, 2, length, seed=seed), hide(2, 2, length, seed=seed), GramianAngularImage(length, size)
    assert torch.equal(image(x, mask), image(torch.where(mask, x, junk), mask))


def test_pixels_of_unobserved_segments_are_zero() -> None:
    mask = torch.ones(1, 2, 20, dtype=torch.bool)
    mask[0, 0, 4:8] = False
    mask[0, 1] = False
    image = GramianAngularImage(20, 10)(draw(1, 2, 20), mask)[0]
    assert image[1].count_nonzero() == 0
    assert image[0, 2:4].count_nonzero() == image[0, :, 2:4].count_nonzero() == 0
    rest = [0, 1, 4, 5, 6, 7, 8, 9]
    assert image[0][rest][:, rest].count_nonzero() == 64


def test_gradient_equals_finite_differences() -> None:
    image, mask = GramianAngularImage(24, 9), hide(1, 2, 24, seed=1)
    x = draw(1, 2, 24, seed=5).requires_grad_()
    assert torch.autograd.gradcheck(image, (x,))
    assert torch.autograd.gradcheck(lambda x: image(x, mask), (x,))


@pytest.mark.parametrize("hidden", ["nothing", "half", "a channel"])
def test_gradient_is_finite_everywhere(hidden: str) -> None:
    x = torch.randn(2, 3, 20)
    x[0, 0] = 1.0
    mask = {"nothing": torch.ones(2, 3, 20) > 0, "half": hide(2, 3, 20), "a channel": torch.ones(2, 3, 20) > 0}[hidden]
    if hidden == "a channel":
        mask[1, 1] = False
    x.requires_grad_()
    GramianAngularImage(20, 10)(x, mask).square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert (x.grad[~mask] == 0).all()


def test_spec_promises_the_shape_that_is_built() -> None:
    spec, signal = GramianAngularField(size=12), Shape.of("c t", 3, 50)
    assert spec.build(signal)(torch.randn(2, 3, 50)).shape == (2, *spec.output(signal).sizes)
    assert not spec.build(signal).state_dict()


@pytest.mark.parametrize(("length", "hint"), [(63, "set size to at most 63"), (7, "windows of 8 or more")])
def test_image_larger_than_the_window_is_refused(length: int, hint: str) -> None:
    with pytest.raises(ShapeError, match=hint):
        GramianAngularField().output(Shape.of("c t", 3, length))


def test_image_feeds_a_two_dimensional_network() -> None:
    spec = {
        "input": {"channels": 3, "length": 50, "classes": 4},
        "image": {"kind": "images.gaf", "size": 16},
        "head": {"kind": "wrn.image", "depth": 10},
    }
    model = ZooModel(Registry.discover().model(spec))
    model.head.standardize.fill(torch.zeros(3), torch.ones(3))
    output = model(torch.randn(2, 3, 50), target=torch.tensor([0, 3]))
    assert output.image is not None
    assert output.image.shape == (2, 3, 16, 16)
    output.losses["ce"].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
