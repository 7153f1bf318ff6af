"""The formats of an export, and the packages that each needs; known without torch."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Literal

from zoo_registry import SpecError

FormatName = Literal["onnx", "torchscript", "pt2"]

_PACKAGES: Mapping[FormatName, tuple[str, ...]] = {"onnx": ("onnx", "onnxruntime", "onnxscript")}


def require_packages(name: FormatName) -> None:
    """Raise SpecError unless the packages that write and run the format are installed."""
    needed = _PACKAGES.get(name, ())
    if missing := [package for package in needed if find_spec(package) is None]:
        hint = 'pip install "shapezoo[export]", or choose torchscript or pt2'
        raise SpecError("--format", f"the packages {', '.join(needed)}", f"no {' and no '.join(missing)}", hint)
