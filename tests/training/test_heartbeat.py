"""Processes that train together detect a silent process, and only that one."""

import threading
from datetime import timedelta

import pytest
from torch.distributed import HashStore

from zoo.training import heartbeat as module
from zoo.training.heartbeat import PeerError, heartbeat


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EVERY", 0.01)


class Lost:
    """The process that was reported as missing."""

    def __init__(self) -> None:
        self.errors: list[PeerError] = []
        self.called = threading.Event()

    def __call__(self, error: PeerError) -> None:
        self.errors.append(error)
        self.called.set()


def test_a_silent_process_is_reported_by_the_one_before_it() -> None:
    store, lost = HashStore(), [Lost(), Lost(), Lost()]
    stopped = heartbeat(store, 1, 3, 0.1, lost[1])
    with heartbeat(store, 0, 3, 0.1, lost[0]), heartbeat(store, 2, 3, 0.1, lost[2]):
        with pytest.raises(ConnectionError), stopped:
            raise ConnectionError
        assert lost[0].called.wait(60)
    assert [error.where for error in lost[0].errors] == ["process 1 of 3"]
    assert "expected a sign of life within 0.1 s" in str(lost[0].errors[0])
    assert not lost[2].errors


def test_a_finished_process_is_not_reported() -> None:
    store, lost = HashStore(), Lost()
    with heartbeat(store, 0, 2, 0.05, lost):
        with heartbeat(store, 1, 2, 0.05, lost):
            pass
        assert not lost.called.wait(0.5)


def test_a_store_that_does_not_answer_means_a_silent_first_process() -> None:
    store, lost = HashStore(), Lost()
    store.set_timeout(timedelta(seconds=0.1))
    with heartbeat(store, 1, 2, 60, lost):
        assert lost.called.wait(60)
    assert [error.where for error in lost.errors] == ["process 0 of 2"]
