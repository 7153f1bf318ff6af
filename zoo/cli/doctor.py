"""`zoo doctor`: versions, devices, cache and plugins of this machine, and which of them are broken."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from zoo_registry import Registry
from zoo_registry.registry import OUR_DISTRIBUTION
from zoo_registry.version import version as own_version

from zoo.cli.components import Json
from zoo.cli.tables import print_facts, print_json, print_table, print_title


def doctor(json: Json = False) -> None:
    """Show versions, devices, cache and plugins of this machine, and what is broken."""
    registry = Registry.discover()
    registry.load_all()
    found: dict[str, Any] = {
        "system": _system(),
        "packages": _packages(),
        "devices": _devices(),
        "cache": _cache(),
        "plugins": dict(registry.plugins()),
        "broken": {name: str(error) for name, error in sorted(registry.failures.items())},
    }
    if json:
        print_json(found)
        return
    print_facts(list(found["system"].items()))
    for section in ("packages", "devices", "cache", "plugins"):
        print_title(section.capitalize())
        print_facts(list(found[section].items()))
    if found["broken"]:
        print_title("Broken plugins")
        print_table(["plugin", "reason"], list(found["broken"].items()))


def _system() -> dict[str, str]:
    return {"zoo": own_version(), "python": platform.python_version(), "system": platform.platform()}


def _packages() -> dict[str, str]:
    """Installed version of every package the zoo depends on."""
    try:
        needed = requires(OUR_DISTRIBUTION) or []
    except PackageNotFoundError:
        return {OUR_DISTRIBUTION: "not installed; run `pip install -e .` in its folder"}
    names = [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in needed if "extra ==" not in line]
    return {name: _version(name) for name in sorted(names)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return f"missing; run `pip install {name}`"


def _cache() -> dict[str, str]:
    """Where files are that can be made again, and how much space they take."""
    from zoo.io.cache import VARIABLE, cache_folder, cache_size

    size = f"{cache_size() / 1e6:.0f} MB; deleting the folder frees them"
    return {"folder": f"{cache_folder()}; {VARIABLE} moves it", "size": size}


def _devices() -> dict[str, str]:
    """The devices of torch; if torch cannot be imported, the error is listed instead of raised."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return {"torch": f"cannot be imported: {error}"}
    found = {"cpu": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads used"}
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found[f"cuda:{index}"] = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    if torch.backends.mps.is_available():
        found["mps"] = "Apple GPU"
    return found
