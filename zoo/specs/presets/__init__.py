"""Presets: run specs of known experiments, each with what it is for, where it comes from and what to expect."""

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
"""Sizes of a VQShape that two CPU cores train, by component."""


class Preset(Spec):
    """An experiment as a run spec, of which only what differs from the defaults is said."""

    purpose: str
    """What it is for."""

    source: str
    """Where its numbers come from."""

    expect: str
    """What to expect of it, and what it takes."""

    run: Mapping[str, Any]
    """Plain data of the run; `data` says how its data lie, and where is the user's to say."""


def names() -> list[str]:
    """Names of all presets."""
    stored = (file.name for file in files("zoo.specs.presets").iterdir())
    return sorted(name.removesuffix(".json") for name in stored if name.endswith(".json"))


def load(name: str) -> Preset:
    """The preset called ``name``, its run called the same; raise SpecError for an unknown one."""
    if name not in names():
        raise unknown("preset", f"one of {', '.join(names())}", name, names(), "`zoo presets` explains them")
    stored = json.loads((files("zoo.specs.presets") / f"{name}.json").read_text(encoding="utf-8"))
    return Preset(**{**stored, "run": {"name": name, **stored["run"]}})


def small(run: Mapping[str, Any]) -> dict[str, Any]:
    """``run`` with its transformers at the sizes of ``SMALL``; raise SpecError for a run without any."""
    if not large(run):
        raise SpecError("--small", "a preset with transformers", str(run["name"]), "leave it out: this one is small")
    model = dict(run["model"])
    return {**run, "model": model | {role: model[role] | SMALL[role] for role in _with_transformer(model)}}


def large(run: Mapping[str, Any]) -> bool:
    """Whether ``run`` has transformers, which are sized for a GPU unless `small`."""
    return bool(_with_transformer(run["model"]))


def _with_transformer(model: Mapping[str, Any]) -> list[str]:
    """Roles whose VQShape component holds a transformer: a grid of stretches has none."""
    encoder, decoder = model.get("encoder", {}), model.get("decoder", {})
    reads_all = encoder.get("kind") == "vqshape.encoder" and encoder.get("read", "stretch") != "stretch"
    return ["encoder"] * reads_all + ["decoder"] * (decoder.get("kind") == "vqshape.decoder")
