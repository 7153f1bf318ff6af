"""The cache of images with several processes: killed at any step, or storing the same images at once."""

import itertools
import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forked import FORKS
from image_runs import filled, require_found, run_on
from killed import KILLED

from zoo.io import scratch
from zoo.model.build import build
from zoo.training import image_cache
from zoo.training.data import load_data
from zoo.training.image_cache import images_folder
from zoo.training.statistics import fill_statistics


def in_a_process(cache: Path, work: Callable[..., None], *given: Any) -> None:
    """Do ``work`` in a process that can fork: it has one thread."""
    process = FORKS.Process(target=with_cache, args=(str(cache), work, given))
    process.start()
    process.join(120)
    assert process.exitcode == 0


def with_cache(place: str, work: Callable[..., None], given: tuple[Any, ...]) -> None:
    os.environ["ZOO_CACHE"] = place  # not inherited: the server of forks started before
    work(*given)


def forked(work: Callable[[], object]) -> int:
    """The number of a copy of this process that does ``work`` and exits with 0, or 1 for an error."""
    number = os.fork()
    if not number:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return number


def exit_status(number: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def die_at(step: int) -> None:
    """End the process, as SIGKILL would, at a step of those that change or open files of the cache."""
    steps, place = 0, str(images_folder())

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event.startswith(("os.", "open", "shutil.")) and place in str(arguments):
            steps += 1
            if steps == step:
                os._exit(KILLED)

    sys.addaudithook(count)


def store(run, data, blocks: int) -> None:
    """Store the images of prepared ``data``, a few windows in a block."""
    image_cache.row_blocks = lambda shape: (slice(i, min(i + blocks, shape[0])) for i in range(0, shape[0], blocks))
    fill_statistics(build(run.with_input(data.data.input).model), data)


@pytest.mark.slow
def test_a_process_killed_at_any_step_leaves_whole_files_or_none(windows, tmp_path):
    in_a_process(tmp_path / "cache", kill_at_every_step, windows)


def kill_at_every_step(windows: Path) -> None:
    warnings.simplefilter("error")  # a note that files changed
    run = run_on(windows)
    data = load_data(run)
    store(run, data, 4)
    found_at_kill = set()
    for step in itertools.count(1, 3):
        shutil.rmtree(images_folder())
        status = exit_status(forked(lambda step=step: (die_at(step), store(run, data, 4))))
        if status == 0:
            break
        assert status == KILLED
        before = {path: path.stat().st_ino for path in images_folder().rglob("[!.]*/*.npy") if ".zoo-" not in str(path)}
        scratch._cleared.clear()  # as in the process that comes next
        require_found(*filled(run))
        assert before.items() <= {path: path.stat().st_ino for path in images_folder().rglob("*.npy")}.items()
        assert len(list(images_folder().rglob("*.npy"))) == 4  # nothing is left of what was not complete
        found_at_kill.add(len(before))
    assert found_at_kill == {0, 2, 4}  # files of no split, of one, of both


def test_processes_at_once_make_the_images_once(windows, tmp_path):
    in_a_process(tmp_path / "cache", store_at_once, windows, tmp_path)


def store_at_once(windows: Path, home: Path) -> None:
    run = run_on(windows)
    data = load_data(run)
    store(run, data, 4)
    shutil.rmtree(images_folder())
    make = image_cache._make

    def slowly(folder: Path, *rest: Any) -> None:
        (home / f"{folder.name} by {os.getpid()}").touch()
        time.sleep(0.2)  # in which the others arrive
        make(folder, *rest)

    image_cache._make = slowly
    started = [forked(lambda: store(run, data, 4)) for _ in range(3)]
    assert [exit_status(number) for number in started] == [0, 0, 0]
    assert len(list(home.glob("train by *"))) == len(list(home.glob("validation by *"))) == 1
    require_found(*filled(run))
