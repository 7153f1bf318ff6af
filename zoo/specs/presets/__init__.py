"""Presets: run specs of known experiments, each with its purpose, its source and the expected results."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from zoo_registry import SpecError
from zoo_registry.component import Spec
from zoo_registry.explain import unknown

SMALL: Mapping[str, Mapping[str, int]] = {
    "encoder": {"dim": 64, "heads": 4, "layers": 2, "tokenizer_heads": 4, "tokenizer_layers": 2},
    "decoder": {"dim": 64, "heads": 4, "layers": 1},
}
"""Sizes of a VQShape that can be trained on two CPU cores, by component."""


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


def small(run: Mapping[str, Any]) -> dict[str, Any]:
    """``run`` with its transformers at the sizes of ``SMALL``; raises SpecError for a run without transformers."""
    if not large(run):
        raise SpecError("--small", "a preset with transformers", str(run["name"]), "leave it out: this one is small")
    model = dict(run["model"])
    return {**run, "model": model | {role: model[role] | SMALL[role] for role in _with_transformer(model)}}


def large(run: Mapping[str, Any]) -> bool:
    """Whether ``run`` has transformers; their sizes are for a GPU unless `small` was applied."""
    return bool(_with_transformer(run["model"]))


def _with_transformer(model: Mapping[str, Any]) -> list[str]:
    """Roles whose VQShape component contains a transformer: a grid of stretches has none."""
    encoder, decoder = model.get("encoder", {}), model.get("decoder", {})
    reads_all = encoder.get("kind") == "vqshape.encoder" and encoder.get("read", "stretch") != "stretch"
    return ["encoder"] * reads_all + ["decoder"] * (decoder.get("kind") == "vqshape.decoder")
