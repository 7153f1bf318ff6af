"""Presets: run specs of known experiments, each with its purpose, its source and the expected results."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from zoo_registry import SpecError
from zoo_registry.component import Spec
from zoo_registry.explain import unknown


class Preset(Spec):
    """An experiment as a run spec, with only the fields that differ from the defaults."""

    purpose: str
    """Its purpose."""

    source: str
    """The source of its numbers."""

    expect: str
    """Expected results, and the cost."""

    run: Mapping[str, Any]
    """Plain data of the run; `data` describes the layout of its data, and the user names their location."""

    small: Mapping[str, Mapping[str, int]] = {}
    """Sizes for two CPU cores, by component; empty if those of the run are not for a GPU."""

    def small_run(self) -> dict[str, Any]:
        """``run`` with its ``small`` sizes; raises SpecError if it has none."""
        if not self.small:
            name = str(self.run["name"])
            raise SpecError("--small", "a preset with transformers", name, "leave it out: this one is small")
        model = dict(self.run["model"])
        return {**self.run, "model": model | {role: model[role] | sizes for role, sizes in self.small.items()}}


def names() -> list[str]:
    """Names of all presets."""
    stored = (file.name for file in files("zoo.specs.presets").iterdir())
    return sorted(name.removesuffix(".json") for name in stored if name.endswith(".json"))


def load(name: str) -> Preset:
    """The preset called ``name``, with a run of the same name; raises SpecError for an unknown one."""
    if name not in names():
        raise unknown("preset", f"one of {', '.join(names())}", name, names(), "`zoo presets` explains them")
    stored = json.loads((files("zoo.specs.presets") / f"{name}.json").read_text(encoding="utf-8"))
    return Preset(**{**stored, "run": {"name": name, **stored["run"]}})
