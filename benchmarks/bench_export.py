"""Latency of models that come with the zoo, against their exported files in onnxruntime, both on one thread."""

from collections.abc import Iterator

import pytest
import torch
from devices import Measure
from torch import Tensor

import zoo
from zoo.export.formats import read, write
from zoo.export.predictor import Predictor
from zoo.weights.tasks import Task

ONNXRUNTIME = "onnxruntime"


@pytest.fixture
def one_thread() -> Iterator[None]:
    """torch's own number of threads is restored."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("who", ["zoo", ONNXRUNTIME])
@pytest.mark.parametrize("windows", [1, 64])
@pytest.mark.parametrize(
    ("name", "task"),
    [("shapes-small", "tokenize"), ("shapes-small", "reconstruct"), ("bag-small", "classify")],
    ids=["tokenize", "reconstruct", "classify"],
)
def test_export(measure: Measure, device: torch.device, name: str, task: Task, windows: int, who: str) -> None:
    """Windows of noise, of the channels and the length of a model."""
    if device.type != "cpu":
        pytest.skip("a file runs on a CPU")
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason='pip install "shapezoo[export]"')
    model = Predictor(zoo.load(name), task)
    work = torch.no_grad()(model) if who == "zoo" else read("onnx", write("onnx", model, {}))
    x = torch.randn(windows, *model.example().shape[1:])
    found = measure(f"{name}, {task}, {windows} at a time", who, lambda: work(x), windows=windows)
    assert isinstance(found, Tensor | dict)
    expected = model.named(model(x))
    for result, value in model.named(found).items():
        _compare(value, expected[result])


def _compare(found: Tensor, expected: Tensor) -> None:
    """Codes of noise may be tied within rounding."""
    if found.dtype == torch.int64:
        assert float((found == expected).float().mean()) > 0.99
    else:
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
