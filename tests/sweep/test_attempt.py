"""One point of a sweep: its folder has one owner from before its training to the end of its evaluation."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from swept import Z
from zoo_registry import TrainingError

import zoo.sweep.attempt
from zoo.process.owned import owned


@pytest.fixture
def refused(monkeypatch):
    """Whether another owner was refused, asked from another thread right before the training and right after it."""
    found = []
    real = {name: getattr(zoo.sweep.attempt, name) for name in ("train", "open_run")}

    def ask(path):
        with pytest.raises(TrainingError, match="a folder that nobody writes to"), owned(path):
            pass
        found.append(path)

    def wrapped(name):
        def call(first, *rest, **named):
            path = rest[0] if name == "train" else first.path
            with ThreadPoolExecutor(1) as other:
                other.submit(ask, path).result()
            return real[name](first, *rest, **named)

        return call

    for name in real:
        monkeypatch.setattr(zoo.sweep.attempt, name, wrapped(name))
    return found


def test_nobody_else_can_take_the_folder_of_a_point_between_its_training_and_its_evaluation(plan, tmp_path, refused):
    given = plan(vary={Z: [1]}, objectives=["mse"])
    run = given.run(given.points[0], 0, 0)
    result = zoo.sweep.attempt._result(given, run, tmp_path / run.name, [])
    assert refused == [tmp_path / run.name] * 2
    assert result.values.keys() == {"mse"}
    with owned(tmp_path / run.name):
        """It is free again."""
