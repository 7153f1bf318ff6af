"""When a file counts as equal to its model."""

from collections.abc import Callable

import pytest
import torch
from combinations import spec
from torch import Tensor
from zoo_registry import SpecError

import zoo
from zoo.export.agreement import BOUND, compare
from zoo.export.predictor import Predictor
from zoo.export.windows import Windows
from zoo.testing import adapt

WINDOWS = 300


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.manual_seed(0)
    model = zoo.build({"input": {"channels": 1, "length": 32, "classes": 3}, **spec(("wrn.signal",))}).eval()
    adapt(model, model.trace.signal)
    return Predictor(model)


@pytest.fixture(scope="module")
def windows() -> Windows:
    return Windows(torch.randn(WINDOWS, 1, 32, generator=torch.Generator().manual_seed(0)), "validation windows")


def changed(predictor: Predictor, by: float, windows: Tensor) -> Callable[[Tensor], Tensor]:
    """The same function, but the results of these ``windows`` are higher by a number."""

    def run(x: Tensor) -> Tensor:
        with torch.no_grad():
            one_of_them = (x[:, None] == windows).flatten(2).all(2).any(1)
            found: Tensor = predictor(x)
            return torch.where(one_of_them[:, None], found + by, found)

    return run


def test_differences_within_the_bound_are_reported(predictor, windows):
    found = compare(predictor, changed(predictor, 0.5 * BOUND, windows.x), windows)
    assert (found.windows, found.beyond, found.decisions) == (WINDOWS, 0, WINDOWS)
    assert found.difference == pytest.approx(0.5 * BOUND, rel=1e-2)


def test_the_first_window_comes_on_its_own_and_then_batches_of_256(predictor, windows):
    sizes = []

    def run(x: Tensor) -> Tensor:
        sizes.append(len(x))
        found: Tensor = predictor(x)
        return found

    compare(predictor, run, windows)
    assert sizes == [1, 256, WINDOWS - 257]


def test_one_window_in_a_hundred_may_have_another_code(predictor, windows):
    found = compare(predictor, changed(predictor, 1.0, windows.x[:3]), windows)
    assert (found.beyond, found.difference) == (3, pytest.approx(1.0))


@pytest.mark.parametrize("by", [1.0, float("nan")])
def test_more_are_refused(predictor, windows, by):
    with pytest.raises(SpecError, match="4 beyond") as refused:
        compare(predictor, changed(predictor, by, windows.x[:4]), windows)
    assert "99% of 300 validation windows" in refused.value.expected


def test_a_batch_that_the_file_cuts_is_refused(predictor, windows):
    with pytest.raises(SpecError, match=r"logits \(300, 3\) as from the model, found \(3, 3\)"):
        compare(predictor, lambda x: predictor(x[:1]), windows)
