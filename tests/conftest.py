"""One thread for small tensors, and temporary plugins."""

import gc
import importlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

# Every run draws the same examples; `--hypothesis-profile=search` looks for new ones.
# No test measures time: a busy machine is no reason to fail.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("seeded", UNTIMED, derandomize=True)
settings.register_profile("search", UNTIMED, derandomize=False)
settings.load_profile("seeded")

# Read when torch is imported. Threads that share small tensors spend more time waiting than working.
os.environ.setdefault("OMP_NUM_THREADS", "1")


# A background shell starts its programs with interrupts ignored, nohup with hang-ups, and tests send both.
signal.signal(signal.SIGINT, signal.default_int_handler)
if os.name == "posix":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Caches for the tests of this process, and of the processes that they start."""
    os.environ["ZOO_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["HF_HUB_CACHE"] = str(tmp_path_factory.mktemp("hub"))


def pytest_collection_finish() -> None:
    """Garbage is looked for less often, and not in what was imported: a twentieth of the time of a test run."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_sessionfinish() -> None:
    """Commands keep what they import from the collector to their end, which here is not the program's."""
    gc.unfreeze()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two more workers than cores for `-n auto`: many slow tests wait for the processes that they have started."""
    return (os.cpu_count() or 1) + 2


def pytest_configure(config: pytest.Config) -> None:
    """Workers take files in the order below; xdist would start with those of the most tests."""
    if config.pluginmanager.has_plugin("xdist"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: at the end, short ones keep every worker busy."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


class Install(Protocol):
    """Write a package `zoo_NAME` and the metadata pip would have written, where Python finds them.

    ``folders`` are copied into the package under their names.
    """

    def __call__(
        self, name: str, source: str, distribution: str | None = None, folders: Mapping[str, Path] | None = None
    ) -> None: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install distributions that are removed after the test."""
    modules: list[str] = []

    def install(
        name: str, source: str, distribution: str | None = None, folders: Mapping[str, Path] | None = None
    ) -> None:
        package = distribution or f"zoo-{name}"
        site = tmp_path / package
        info = site / f"{package.replace('-', '_')}-1.5.dist-info"
        info.mkdir(parents=True)
        home = site / f"zoo_{name}"
        home.mkdir()
        (home / "__init__.py").write_text(source)
        for inside, folder in (folders or {}).items():
            shutil.copytree(folder, home / inside)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.5\n")
        (info / "entry_points.txt").write_text(f"[zoo.plugins]\n{name} = zoo_{name}\n")
        monkeypatch.syspath_prepend(str(site))
        importlib.invalidate_caches()
        modules.append(f"zoo_{name}")

    yield install
    for module in modules:
        sys.modules.pop(module, None)


class Once(Protocol):
    """The folder ``name``, which ``make`` fills once for all workers of a test run; tests only read it."""

    def __call__(self, name: str, make: Callable[[Path], None]) -> Path: ...


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Share folders between the workers of a test run."""
    base = tmp_path_factory.getbasetemp()
    top = base if worker_id == "master" else base.parent

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder = top / name
        with FileLock(f"{folder}.lock"):
            if not (done := top / f"{name}.done").exists():
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return once


@pytest.fixture
def toy_model() -> dict[str, Any]:
    """A valid model spec of the toy plugin's components."""
    return {
        "input": {"channels": 3, "length": 32, "classes": 4},
        "encoder": {"kind": "toy.patches"},
        "quantizer": {"kind": "toy.signs"},
        "decoder": {"kind": "toy.unpatches"},
        "head": {"kind": "toy.mean"},
    }


@pytest.fixture
def installed_toys(install: Install, toy_model: dict[str, Any]) -> dict[str, Any]:
    """The same spec, with the toy plugin installed."""
    install("toy", (Path(__file__).parent / "registry" / "toy_plugin.py").read_text())
    return toy_model


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with little space; skips where the test may not mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk could be mounted: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)
