"""Run a sweep with the workers of this machine, or join one that another machine started."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from zoo_registry import TrainingError
from zoo_registry.redacted import HIDDEN

from zoo.process.owned import owned
from zoo.sweep.folder import SweepFolder
from zoo.sweep.gather import gather
from zoo.sweep.outage import OutageError
from zoo.sweep.plan import Plan
from zoo.sweep.queue import Queue, create, join, require_same
from zoo.sweep.results import SweepResult
from zoo.sweep.storage import FILE, storage_url
from zoo.sweep.worker_pool import crew

LOOK = 0.5
"""Seconds between two checks of the workers."""

Show = Callable[[Queue, SweepFolder], None]
Finished = tuple[SweepResult, SweepFolder]


def sweep(plan: Plan, path: Path, workers: int, resume: bool, storage: str | None, show: Show) -> Finished:
    """Run every point of ``plan`` in the folder ``path`` with ``workers`` processes, and write the results.

    ``show`` is called repeatedly during the sweep. Raises TrainingError for a folder or a storage that contains a sweep
    that is not to be resumed or differs, when another process runs the sweep, and when no worker can work.
    """
    folder = SweepFolder(path)
    with owned(path):
        url = _url(folder, plan, resume, storage)
        queue = create(url, plan, resume)
        if not folder.spec.exists():
            folder.start(plan, url)
        return _labour(queue, folder, workers, show)


def join_sweep(storage: str, name: str | None, path: Path | None, workers: int, show: Show) -> Finished:
    """Work on the sweep in ``storage``, with runs in the folder ``path``, until every point is over.

    The folder may be that of the sweep, and is not locked: results are gathered from the storage, whoever writes them,
    and each run is locked by the worker that trains it.
    """
    queue = join(storage_url(storage), name)
    folder = SweepFolder(path or home_of(storage, queue.plan))
    if not folder.spec.exists():
        folder.start(queue.plan, queue.storage.url)
    require_same(folder.read()["sweep"], queue.plan, str(folder.spec))
    return _labour(queue, folder, workers, show)


def home_of(storage: str, plan: Plan) -> Path:
    """Folder for the runs of a joined sweep: beside the storage if that is a file, else `sweeps/NAME`."""
    given = Path(storage)
    if "://" not in storage and given.exists():
        return given if given.is_dir() else given.parent
    return Path("sweeps") / plan.spec.name


def _labour(queue: Queue, folder: SweepFolder, workers: int, show: Show) -> Finished:
    try:
        if not queue.finished():
            with crew(queue, folder, workers) as busy:
                while not queue.finished() and busy.tend():
                    show(queue, folder)
                    time.sleep(LOOK)
            if busy.faults and not queue.finished():
                raise TrainingError("workers", "to work", busy.faults[0], "see its log, then add --resume")
    except BaseException:
        with suppress(OutageError):
            _gathered(queue, folder)
        raise
    return _gathered(queue, folder), folder


def _gathered(queue: Queue, folder: SweepFolder) -> SweepResult:
    found = gather(queue, folder.named(queue.storage.url))
    folder.write(found)
    return found


def _url(folder: SweepFolder, plan: Plan, resume: bool, storage: str | None) -> str:
    """The URL of a sweep's storage: as given, a file in its folder, or the one it was started with."""
    own = storage_url(str(folder.database))
    if not folder.spec.exists():
        return storage_url(storage) if storage else own
    if not resume:
        hint = "add --resume to continue it, or choose another --out or name"
        raise TrainingError(str(folder.path), "a new folder of a sweep", "a sweep", hint)
    stored = folder.read()
    require_same(stored["sweep"], plan, str(folder.spec))
    if storage is None and (stored["storage"] == FILE or folder.database.exists()):  # even if the folder has moved
        return own
    if storage is None and HIDDEN in stored["storage"]:
        raise TrainingError("--storage", "the URL with its password", "none", f"it was {stored['storage']}")
    return storage_url(storage or stored["storage"])
