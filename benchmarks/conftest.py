"""Devices to measure on, and what every benchmark writes down beside its time."""

import pytest
import torch
from devices import DEVICES
from pytest_benchmark.fixture import BenchmarkFixture


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> torch.device:
    """Each device of this machine."""
    return torch.device(request.param)


@pytest.fixture
def synchronised(benchmark: BenchmarkFixture, device: torch.device) -> BenchmarkFixture:
    """The benchmark with device, dtype and versions in its record; the work is waited for by `wait`."""
    torch.manual_seed(0)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    benchmark.extra_info |= {"device": device.type, "hardware": name, "dtype": "float32", "torch": torch.__version__}
    return benchmark
