"""TensorBoard's own reader on the events of a run."""

import pytest
from small_runs import SIGNAL
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from zoo.runs.metrics import MetricsFile
from zoo.training.fit import train


@pytest.mark.slow
def test_tensorboard_reads_the_numbers_of_every_epoch(run_of, tmp_path):
    folder = train(run_of(SIGNAL, {"epochs": 3}), tmp_path / "run", quiet=True)
    board = EventAccumulator(str(folder.path))
    board.Reload()
    rows = MetricsFile(folder.metrics).rows()
    for name in ("train/ce", "val/ce", "lr", "seconds"):
        events = board.Scalars(name)
        assert [event.step for event in events] == [0, 1, 2]
        assert [event.value for event in events] == [pytest.approx(float(row[name]), rel=1e-6) for row in rows]
