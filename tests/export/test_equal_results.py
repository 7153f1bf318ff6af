"""When a file counts as equal to its model: numbers are close, and codes are equal unless they are ties."""

from collections.abc import Callable

import pytest
import torch
from combinations import spec
from torch import Tensor
from zoo_registry import SpecError

import zoo
from zoo.export.agreement import BOUND, compare
from zoo.export.predictor import Predictor, Results
from zoo.export.windows import Windows
from zoo.testing import adapt
from zoo.weights.tasks import Task

WINDOWS = 300
LENGTH = 32


def predictor_of(*kinds: str, task: Task | None = None, scale: str = "instance") -> Predictor:
    torch.manual_seed(0)
    given = {"channels": 1, "length": LENGTH, "classes": 3}
    model = zoo.build({"input": given, "scale": scale, **spec(kinds)}).eval()
    adapt(model, model.trace.signal)
    return Predictor(model, task)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of("wrn.signal")


@pytest.fixture(scope="module")
def tokenizer() -> Predictor:
    return predictor_of("conv.encoder", "quantizers.ema", task="tokenize")


@pytest.fixture(scope="module")
def windows() -> Windows:
    return Windows(torch.randn(WINDOWS, 1, LENGTH, generator=torch.Generator().manual_seed(0)), "validation windows")


def changed(predictor: Predictor, by: float, windows: Tensor) -> Callable[[Tensor], Results]:
    """The same function, but the results of these ``windows`` are higher by a number."""

    def run(x: Tensor) -> Results:
        with torch.no_grad():
            one_of_them = (x[:, None] == windows).flatten(2).all(2).any(1)
            (name, found), *rest = predictor.named(predictor(x)).items()
            higher = torch.where(one_of_them.view(-1, *[1] * (found.dim() - 1)), found + by, found)
            return {name: higher.to(found.dtype), **dict(rest)}

    return run


def replaced(predictor: Predictor, window: Tensor, by: Tensor) -> Callable[[Tensor], Results]:
    """The same function, but it reads another window in place of one."""

    def run(x: Tensor) -> Results:
        with torch.no_grad():
            return predictor(torch.where((x == window).flatten(1).all(1)[:, None, None], by, x))

    return run


def between(predictor: Predictor, one: Tensor, other: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Two windows on the way from ``one`` to the ``other`` with different codes, ``steps`` halvings apart."""

    def at(share: float) -> Tensor:
        return torch.lerp(one.double(), other.double(), share).float()

    def codes(share: float) -> Tensor:
        with torch.no_grad():
            return predictor.named(predictor(at(share)[None]))["codes"]

    low, high = 0.0, 1.0
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if codes(middle).equal(codes(0.0)) else (low, middle)
    return at(low), at(high)


def test_differences_within_the_bound_are_reported(predictor, windows):
    found = compare(predictor, changed(predictor, 0.5 * BOUND, windows.x), windows)
    assert (found.windows, found.ties, found.decisions) == (WINDOWS, 0, WINDOWS)
    assert (found.codes, found.equal) == (None, None)
    assert found.difference == pytest.approx(0.5 * BOUND, rel=1e-2)


def test_the_first_window_comes_on_its_own_and_then_batches_of_256(predictor, windows):
    sizes = []

    def run(x: Tensor) -> Results:
        sizes.append(len(x))
        return predictor(x)

    compare(predictor, run, windows)
    assert sizes == [1, 256, WINDOWS - 257]


@pytest.mark.parametrize("by", [1.0, float("nan")])
def test_one_window_beyond_the_bound_is_refused(predictor, windows, by):
    with pytest.raises(SpecError, match=r"1 windows beyond, such as 4, by up to") as refused:
        compare(predictor, changed(predictor, by, windows.x[4:5]), windows)
    assert "300 validation windows" in refused.value.expected


def test_a_batch_that_the_file_cuts_is_refused(predictor, windows):
    with pytest.raises(SpecError, match=r"logits \(300, 3\) float32 as from the model, found \(3, 3\) float32"):
        compare(predictor, lambda x: predictor(x[:1]), windows)


def test_a_result_that_the_file_lacks_is_refused(tokenizer, windows):
    with pytest.raises(SpecError, match=r"real .* as from the model, found none"):
        compare(tokenizer, lambda x: {"codes": tokenizer.named(tokenizer(x))["codes"]}, windows)


def test_equal_codes_are_counted(tokenizer, windows):
    found = compare(tokenizer, tokenizer, windows)
    assert found.codes == found.equal == WINDOWS * tokenizer.model.trace.codes["n"]
    assert (found.ties, found.difference, found.decisions) == (0, 0.0, None)


def test_a_file_may_give_nothing_but_codes(windows):
    tokenizer = predictor_of("conv.encoder", "quantizers.ema", task="tokenize", scale="none")
    found = compare(tokenizer, tokenizer, windows)
    assert (found.codes == found.equal, found.difference) == (True, 0.0)


def test_one_other_code_is_refused(tokenizer, windows):
    with pytest.raises(SpecError, match=r"codes equal to the model's in 300 .* codes differ, in 1 windows such as 7"):
        compare(tokenizer, changed(tokenizer, 1, windows.x[7:8]), windows)


def test_a_code_at_the_same_distance_within_rounding_is_a_tie(tokenizer, windows):
    one, other = between(tokenizer, windows.x[2], windows.x[3], steps=30)
    x = torch.cat([windows.x, one[None]])
    found = compare(tokenizer, replaced(tokenizer, one, other), windows._replace(x=x))
    assert found.ties == 1
    assert 0 < found.codes - found.equal < tokenizer.model.trace.codes["n"]


def test_a_code_that_is_nearly_as_near_is_refused(tokenizer, windows):
    """The file reads a window with a difference of a thousandth; rounding changes a hundred-thousandth."""
    one, other = between(tokenizer, windows.x[2], windows.x[3], steps=10)
    x = torch.cat([windows.x, one[None]])
    with pytest.raises(SpecError, match="in 1 windows such as 300"):
        compare(tokenizer, replaced(tokenizer, one, other), windows._replace(x=x))


def test_a_tie_may_change_a_reconstruction(windows):
    rebuilder = predictor_of("conv.encoder", "quantizers.ema", "conv.decoder")
    tokenizer = Predictor(rebuilder.model, "tokenize")
    one, other = between(tokenizer, windows.x[2], windows.x[3], steps=30)
    x = torch.cat([windows.x, one[None]])
    found = compare(rebuilder, replaced(rebuilder, one, other), windows._replace(x=x))
    assert found.ties == 1
    assert found.difference > BOUND
