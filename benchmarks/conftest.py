"""Devices to measure on, and the facts that every benchmark records beside its time."""

from collections.abc import Callable
from time import perf_counter

import pytest
import torch
from devices import DEVICES, Measure, wait
from pytest_benchmark.fixture import BenchmarkFixture

from zoo.bench.memory import most_held

_LONG = 4.0
"""Seconds of work that is measured once."""


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> torch.device:
    """Each device of this machine."""
    return torch.device(request.param)


@pytest.fixture
def measure(benchmark: BenchmarkFixture, device: torch.device) -> Measure:
    """`measure(case, who, work, **sizes)`: time ``work`` including device synchronisation, and return its result.

    Results of one ``case`` are compared; ``who`` is the zoo or a peer. Peak memory, sizes, device
    and versions are recorded.
    """
    torch.manual_seed(0)

    def run(case: str, who: str, work: Callable[[], object], **sizes: int) -> object:
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
        benchmark.group = f"{case}, {device}"
        benchmark.extra_info |= {"who": who, "device": device.type, "hardware": name, "torch": torch.__version__}
        benchmark.extra_info |= {"dtype": "float32", **sizes}

        def finished() -> object:
            found = work()
            wait(device)
            return found

        long = _seconds(finished) > _LONG  # the first call prepares
        benchmark.extra_info["most_held"] = most_held(finished, device)
        if long:
            return benchmark.pedantic(finished)
        rounds = min(max(int(2 / _seconds(finished)), 5), 200)  # about two seconds
        return benchmark.pedantic(finished, rounds=rounds, warmup_rounds=1)

    return run


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
