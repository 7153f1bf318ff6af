"""Work shared among threads: every part is done once, and every exception is raised."""

import os
import signal
import threading
import time

import pytest

from zoo.kernels import threads
from zoo.kernels.threads import share


@pytest.fixture(params=["openmp", "threads"], autouse=True)
def pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "threads":
        monkeypatch.setattr(threads, "_openmp", lambda: None)
    elif threads._openmp() is None:
        pytest.skip("torch brings no GNU OpenMP here")


@pytest.mark.parametrize("number", [1, 2, 5])
def test_every_part_is_processed_once_by_the_given_number_of_threads(number: int) -> None:
    parts, taken, seen = iter(range(100)), [], set()
    together = threading.Barrier(number)

    def work() -> None:
        seen.add(threading.get_ident())
        together.wait(timeout=60)
        taken.extend(parts)

    share(work, number)
    assert sorted(taken) == list(range(100))
    assert len(seen) == number


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_in_any_thread_is_raised(error: type[BaseException]) -> None:
    together = threading.Barrier(2)

    def work() -> None:
        if together.wait(timeout=60) == 0:
            raise error("here")

    with pytest.raises(error, match="here"):
        share(work, 2)


def test_ctrl_c_is_raised() -> None:
    def work() -> None:
        if threading.current_thread() is threading.main_thread():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        share(work, 2)
