"""Trained models by name: their cards, and what their bundles say of them. Does not import torch."""

from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel
from zoo_registry import Headline, ImageInputSpec, InputSpec, OfferedModel, Registry, TrainedOn, ZooError
from zoo_registry.explain import unknown

from zoo.weights.manifest import open_bundle, stored_spec
from zoo.weights.tasks import TASKS, Task, tasks_of


class NamedModel(BaseModel, frozen=True):
    """A trained model that a plugin offers by ``name``, for `zoo.load`.

    ``can`` lists its tasks among `classify`, `tokenize` and `reconstruct`. ``input`` is what it reads; ``channelwise``:
    any number of channels. ``components`` are kinds by role. ``parameters`` is None if its bundle does not say it;
    ``size`` is that of its weights in bytes, and ``sha256`` their hash. ``zoo`` is the version that wrote the bundle.
    """

    name: str
    purpose: str
    can: tuple[Task, ...]
    input: InputSpec | ImageInputSpec | None
    channelwise: bool
    components: dict[str, str]
    parameters: int | None
    size: int
    licence: str
    trained_on: TrainedOn
    headline: Headline
    source: str
    plugin: str
    distribution: str
    folder: Path
    zoo: str
    sha256: str

    @classmethod
    def of(cls, offered: OfferedModel, registry: Registry) -> "NamedModel":
        """Raises ZooError if its bundle cannot be read, or not with the installed plugins."""
        card, folder = offered.card, offered.folder
        with open_bundle(folder) as bundle:
            manifest, size = bundle.manifest, bundle.tensors.stat().st_size
        spec = stored_spec(folder, manifest, registry)
        return cls(
            name=card.name,
            purpose=card.purpose,
            can=tasks_of(spec),
            input=spec.input,
            channelwise=spec.channelwise,
            components={role: str(part.kind) for role, part in spec.components()},
            parameters=manifest.parameters,
            size=size,
            licence=card.licence,
            trained_on=card.trained_on,
            headline=card.headline,
            source=card.source,
            plugin=offered.plugin,
            distribution=offered.distribution,
            folder=folder,
            zoo=manifest.zoo,
            sha256=manifest.sha256,
        )


class Listing(NamedTuple):
    """Models by name, and the reason for each name or plugin whose models cannot be used."""

    models: dict[str, NamedModel]
    broken: dict[str, str]


def list_models(task: str | None = None) -> Listing:
    """The models of all plugins that load, only those that can do ``task`` if given.

    Raises SpecError for another task, and PluginError for a plugin that breaks the contract.
    """
    if task is not None and task not in TASKS:
        raise unknown("task", f"one of {', '.join(TASKS)}", task, list(TASKS), "`zoo models` shows every model")
    registry = Registry.discover()
    found, broken = {}, {}
    for name, offered in registry.models().items():
        try:
            model = NamedModel.of(offered, registry)
        except ZooError as error:
            broken[name] = str(error)
            continue
        if task is None or task in model.can:
            found[name] = model
    failures = {f"plugin {name}": str(error) for name, error in sorted(registry.failures.items())}
    return Listing(found, broken | failures)


def show_model(name: str) -> NamedModel:
    """The model with this name. Raises ZooError if there is none, or it cannot be used."""
    registry = Registry.discover()
    known = registry.models()
    if name not in known:
        raise unknown("model", "the name of a model", name, list(known), "`zoo models` shows the names")
    return NamedModel.of(known[name], registry)
