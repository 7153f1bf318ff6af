"""Persistence diagrams and images against a slow union-find and the written-out integral, and their invariants."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from zoo_images import PersistenceDiagram
from zoo_images.diagram import diagram
from zoo_images.grid import PRESETS, Grid
from zoo_images.persistence import PersistenceImage
from zoo_images.unit_range import UnitRange
from zoo_registry import BundleError, Registry, Shape, SpecError

from zoo.contracts import Standardize

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "images"
needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"{GOLDEN} is not there")
SIGNAL = Shape.of("c t", 2, 60)

Values = st.one_of(
    st.integers(-4, 4).map(lambda n: n / 4),  # ties and plateaus
    st.floats(-3, 3, width=32),
    st.sampled_from([0.0, 1e-30, -1e30, 3e38, 1 + 1e-6]),
)
Series = st.lists(st.tuples(Values, st.booleans()), min_size=1, max_size=40)


def plain_diagram(values: list[float]) -> np.ndarray:
    """Sorted births and deaths of positive lifetime: samples enter by value, and components are relabelled."""
    component: list[int | None] = [None] * len(values)
    born: dict[int, float] = {}
    found = []
    for place in sorted(range(len(values)), key=lambda place: values[place]):
        component[place], born[place] = place, values[place]
        for side in (place - 1, place + 1):
            other = component[side] if 0 <= side < len(values) else None
            own = component[place]
            if other is None or own is None:
                continue
            elder, younger = sorted((own, other), key=lambda name: born[name])
            found.append((born[younger], values[place]))
            component = [elder if name == younger else name for name in component]
    return ordered(np.array(found, dtype=np.float64).reshape(-1, 2))


def ordered(pairs: np.ndarray, above: float = 0.0) -> np.ndarray:
    pairs = pairs[pairs[:, 1] - pairs[:, 0] > above]
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def plain_image(pairs: np.ndarray, size: int, grid: Grid) -> np.ndarray:
    """The integral of every Gaussian over every pixel, point by point."""
    image = np.zeros((size, size))
    cell = grid.high / size
    births, lifetimes = np.linspace(min(grid.low, 0), grid.high, size), np.linspace(0, grid.high, size)
    for birth, death in pairs[pairs[:, 1] - pairs[:, 0] > grid.threshold]:
        across = norm.cdf(births + cell, birth, grid.spread) - norm.cdf(births, birth, grid.spread)
        life = death - birth
        up = norm.cdf(lifetimes + cell, life, grid.spread) - norm.cdf(lifetimes, life, grid.spread)
        image += life * np.outer(up, across)[::-1]
    return image / image.max() if image.max() > 0 else image


def diagram_of(values: list[float], seen: list[bool] | None = None) -> np.ndarray:
    x = torch.tensor([values], dtype=torch.float32)
    mask = torch.ones_like(x, dtype=torch.bool) if seen is None else torch.tensor([seen])
    return ordered(diagram(x, mask)[0].numpy())


def unscaled(name: str) -> Grid:
    return PRESETS[name]._replace(scale="none")  # type: ignore[index]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(series=Series)
@settings(max_examples=300, deadline=None)
def test_diagram_equals_union_find_on_the_observed_samples(series: list[tuple[float, bool]]) -> None:
    values, seen = [value for value, _ in series], [here for _, here in series]
    single = [float(np.float32(value)) for value in values]
    assert np.array_equal(diagram_of(values), plain_diagram(single))
    left = [value for value, here in zip(single, seen, strict=True) if here]
    assert np.array_equal(diagram_of(values, seen), plain_diagram(left))


@given(series=Series)
@settings(max_examples=100, deadline=None)
def test_diagram_of_the_reversed_series_is_the_same(series: list[tuple[float, bool]]) -> None:
    values, seen = [value for value, _ in series], [here for _, here in series]
    assert np.array_equal(diagram_of(values, seen), diagram_of(values[::-1], seen[::-1]))


@pytest.mark.parametrize("content", [float("nan"), float("inf"), -1e9])
def test_content_of_hidden_samples_does_not_matter(content: float) -> None:
    image, x = PersistenceImage(2, 16, unscaled("geneactiv")), noise(3, 2, 60)
    mask = noise(3, 2, 60, seed=1) > -0.5
    mask[0, 0] = False
    assert torch.equal(image(x, mask), image(torch.where(mask, x, content), mask))
    assert not image(x, mask)[0, 0].any()


def test_number_of_points_fills_the_table_at_most() -> None:
    for length in range(1, 12):
        zigzag = torch.arange(length)[None] % 2 * (1.0 + torch.arange(length) / 10)
        pairs = diagram(zigzag, torch.ones_like(zigzag, dtype=torch.bool))
        assert pairs.shape == (1, (length - 1) // 2, 2)
        assert len(ordered(pairs[0].numpy())) == (length - 1) // 2


@pytest.mark.parametrize("size", [8, 33, 64])
@pytest.mark.parametrize("preset", PRESETS)
def test_image_equals_the_written_out_integral(preset: str, size: int) -> None:
    grid, x = unscaled(preset), noise(2, 2, 80)
    image = PersistenceImage(2, size, grid)(x)
    for window in range(2):
        for channel in range(2):
            pairs = plain_diagram(x[window, channel].double().tolist())
            expected = plain_image(pairs, size, grid)
            np.testing.assert_allclose(image[window, channel].numpy(), expected, rtol=0, atol=1e-6)


@needs_golden
@pytest.mark.parametrize("preset", PRESETS)
def test_diagrams_and_images_equal_those_of_ripser_and_persim(preset: str) -> None:
    stored = np.load(GOLDEN / "persistence.npz")
    image = PersistenceImage(1, 64, unscaled(preset))
    for name in [key[2:] for key in stored if key.startswith("x/")]:
        x = torch.from_numpy(stored[f"x/{name}"]).view(1, 1, -1)
        assert np.array_equal(ordered(image.diagram(x)[0, 0].numpy(), 1e-3), stored[f"diagram/{name}"]), name
        np.testing.assert_allclose(image(x)[0, 0].numpy(), stored[f"{preset}/{name}"], rtol=0, atol=1e-5)


@needs_golden
@pytest.mark.parametrize("preset", PRESETS)
def test_images_of_real_windows_equal_those_of_ripser_and_persim(preset: str) -> None:
    stored = np.load(GOLDEN / "wrist_adl14_images.npz")
    windows = np.load(GOLDEN.parents[1] / "data" / "wrist_adl14" / "X_train.npy", mmap_mode="r")
    image = PersistenceImage(1, 64, unscaled(preset))
    for key in [key for key in stored if key.startswith(f"{preset}/")]:
        row, channel = map(int, key.partition("/")[2].split("_"))
        x = windows[row, channel].astype(np.float32)
        x = ((x + 1.5) / 3).clip(0, 1) if preset == "pamap2" else x
        found = image(torch.from_numpy(x).view(1, 1, -1))[0, 0]
        np.testing.assert_allclose(found.numpy(), stored[key], rtol=0, atol=1e-5)


def test_diagram_equals_that_of_gudhi() -> None:
    gudhi = pytest.importorskip("gudhi")
    for seed in range(20):
        values = (noise(50, seed=seed) * 8).round().double().tolist()
        found = gudhi.CubicalComplex(top_dimensional_cells=values)
        found.persistence()
        pairs = np.array(found.persistence_intervals_in_dimension(0))
        assert np.array_equal(diagram_of(values), ordered(pairs[np.isfinite(pairs[:, 1])]))


def test_lifetimes_are_compared_with_the_threshold_in_double_precision() -> None:
    """A difference of two float32 numbers may round to the threshold in float32 and lie above it in float64."""
    x = torch.tensor([0.0, 0.26, 0.25, 1.0]).view(1, 1, -1)
    life = float(x[0, 0, 1].double() - x[0, 0, 2].double())
    for threshold, drawn in ((np.nextafter(life, 0), True), (life, False)):
        image = PersistenceImage(1, 16, Grid("none", -1, 1, 0.1, float(threshold)))
        assert bool(image(x).any()) is bool(image(x.double()).any()) is drawn


@pytest.mark.parametrize("preset", PRESETS)
def test_values_lie_between_0_and_1_whatever_the_signal(preset: str) -> None:
    image = PersistenceImage(1, 16, unscaled(preset))
    for scale in (0, 1e-30, 1e-3, 1, 10, 1e6, 1e30):
        found = image(noise(4, 1, 60) * scale)
        assert found.dtype == torch.float32
        assert found.isfinite().all()
        assert all(peak in (0, 1) for peak in found.amax((1, 2, 3)).tolist())
        assert found.min() >= 0


def test_scale_standard_is_the_image_of_the_standardised_signal() -> None:
    module = PersistenceImage(2, 16, PRESETS["geneactiv"])
    assert isinstance(module.scale, Standardize)
    x, mean, std = noise(3, 2, 60) * 7 - 4, torch.tensor([1.0, -4.0]), torch.tensor([2.0, 7.0])
    with pytest.raises(BundleError, match="mean and deviation"):
        module(x)
    module.scale.fill(mean, std)
    expected = PersistenceImage(2, 16, unscaled("geneactiv"))((x - mean[:, None]) / std[:, None])
    torch.testing.assert_close(module(x), expected)


class Windows:
    """Training windows with gaps."""

    mean, std = torch.zeros(2), torch.ones(2)

    def __init__(self, x: torch.Tensor, mask: torch.Tensor | None) -> None:
        self.x, self.mask = x, mask

    def some(self, most: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        return self.x[:most], None if self.mask is None else self.mask[:most]


def test_scale_range_is_that_of_the_observed_training_samples() -> None:
    module = PersistenceImage(2, 16, PRESETS["pamap2"])
    assert isinstance(module.scale, UnitRange)
    x = noise(5, 2, 60)
    x[:, 1] = 3.0
    mask = torch.ones_like(x, dtype=torch.bool)
    x[0, 0, 0], mask[0, 0, 0] = 99.0, False
    with pytest.raises(BundleError, match="range of each channel"):
        module(x)
    module.scale.adapt(Windows(x, mask))
    low, high = x[:, 0][mask[:, 0]].min(), x[:, 0][mask[:, 0]].max()
    assert module.scale.low.tolist() == [low, 3.0]
    assert module.scale.high.tolist() == [high, 4.0]
    scaled = module.scale(x)
    torch.testing.assert_close(scaled[:, 0], ((x[:, 0] - low) / (high - low)).clamp(0, 1))
    assert not scaled[:, 1].any()


def test_image_is_one_graph_and_can_be_exported() -> None:
    image, x = PersistenceImage(2, 16, unscaled("geneactiv")), noise(3, 2, 60)
    mask = noise(3, 2, 60, seed=1) > -1
    compiled = torch.compile(image, backend="aot_eager", fullgraph=True)
    assert torch.equal(compiled(x, mask), image(x, mask))
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(image, (x, mask), dynamic_shapes=(batch, batch)).module()
    assert torch.equal(program(x[:1], mask[:1]), image(x[:1], mask[:1]))


def test_no_gradient_reaches_the_signal() -> None:
    assert not PersistenceImage(2, 16, unscaled("geneactiv"))(noise(3, 2, 60).requires_grad_()).requires_grad


def test_fields_replace_those_of_the_preset() -> None:
    assert PersistenceDiagram().grid == PRESETS["pamap2"]
    spec = PersistenceDiagram(preset="geneactiv", spread=0.5, threshold=0)
    assert spec.grid == PRESETS["geneactiv"]._replace(spread=0.5, threshold=0)
    assert PersistenceDiagram(scale="none", low=-2, high=2).grid == Grid("none", -2, 2, 0.015, 0.01)
    assert spec.output(SIGNAL).sizes == (2, 64, 64)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scale": "none"}, "image: expected scale, low and high together, found no low and no high"),
        ({"low": -1, "high": 2}, "found no scale; set scale too"),
        ({"scale": "none", "low": 3, "high": 2}, "image.low: expected less than high, 2, found 3"),
        ({"preset": "cifar"}, "image.preset"),
        ({"high": 0}, "image.high"),
        ({"spread": 0}, "image.spread"),
    ],
)
def test_fields_that_do_not_fit_are_refused(fields: dict[str, Any], message: str) -> None:
    model = {
        "input": {"channels": 2, "length": 60, "classes": 2},
        "image": {"kind": "images.persistence", **fields},
        "head": {"kind": "wrn.image"},
    }
    with pytest.raises(SpecError) as caught:
        Registry.discover().model(model)
    assert message in str(caught.value)
