"""What an export needs, known without torch: the packages of a format, and a model that can do the task."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from zoo_registry import Registry, SpecError

from zoo.weights.manifest import bundle_in, read_manifest, stored_spec
from zoo.weights.tasks import TASKS, Task, tasks_of

FormatName = Literal["onnx", "torchscript", "pt2"]

_PACKAGES: Mapping[FormatName, tuple[str, ...]] = {"onnx": ("onnx", "onnxruntime", "onnxscript")}


def require_packages(name: FormatName) -> None:
    """Raise SpecError unless the packages that write and run the format are installed."""
    needed = _PACKAGES.get(name, ())
    if missing := [package for package in needed if find_spec(package) is None]:
        hint = 'pip install "shapezoo[export]", or choose torchscript or pt2'
        raise SpecError("--format", f"the packages {', '.join(needed)}", f"no {' and no '.join(missing)}", hint)


def require_task(source: str | Path, task: Task | None) -> None:
    """Raise ZooError unless there is a model in the run or bundle ``source``, which can do ``task``."""
    folder = bundle_in(source)
    spec = stored_spec(folder, read_manifest(folder), Registry.discover())
    if task is not None and task not in (able := tasks_of(spec)):
        hint = f"{source} can {' and '.join(able)}" if able else "leave --what out to export its tokens"
        raise SpecError(f"--what {task}", f"a model with a {TASKS[task]}", f"no {TASKS[task]} in {source}", hint)
