"""Trained models by name or address: their cards, and what their bundles say of them. Does not import torch."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from zoo_registry import Headline, ImageInputSpec, InputSpec, OfferedModel, Registry, TrainedOn, ZooError
from zoo_registry.explain import unknown

from zoo.hub.address import HubAddress, is_address
from zoo.hub.cache import all_cached
from zoo.hub.card import read_card
from zoo.hub.download import fetched
from zoo.weights.manifest import is_bundle, open_bundle, stored_spec
from zoo.weights.tasks import TASKS, Task, tasks_of

_ON_CARD = ("purpose", "licence", "trained_on", "headline", "source")
"""Fields of a model that only a card has."""


class NamedModel(BaseModel, frozen=True):
    """A trained model for `zoo.load`, which a plugin offers by ``name``, or which is in the cache of a hub.

    ``can`` lists its tasks among `classify`, `tokenize` and `reconstruct`. ``input`` is what it reads; ``channelwise``:
    any number of channels. ``components`` are kinds by role. ``parameters`` is None if its bundle does not say it;
    ``size`` is that of its weights in bytes, and ``sha256`` their hash. ``zoo`` is the version that wrote the bundle.

    The name of a model on a hub is its address; it has a ``revision``, the hash of a commit, and no plugin. What only a
    card says is None where it has none: ``purpose``, ``licence``, ``trained_on``, ``headline`` and ``source``.
    """

    name: str
    purpose: str | None
    can: tuple[Task, ...]
    input: InputSpec | ImageInputSpec | None
    channelwise: bool
    components: dict[str, str]
    parameters: int | None
    size: int
    licence: str | None
    trained_on: TrainedOn | None
    headline: Headline | None
    source: str | None
    plugin: str | None
    distribution: str | None
    folder: Path
    zoo: str
    sha256: str
    revision: str | None = None

    @property
    def origin(self) -> str:
        """The distribution that contains it, or `hub`."""
        return self.distribution or "hub"

    @classmethod
    def of(cls, offered: OfferedModel, registry: Registry) -> "NamedModel":
        """Raises ZooError if its bundle cannot be read, or not with the installed plugins."""
        card = offered.card.model_dump(include={"name", *_ON_CARD})
        places = {"plugin": offered.plugin, "distribution": offered.distribution}
        return cls.model_validate(card | places | _stored(offered.folder, registry))

    @classmethod
    def on_hub(cls, address: HubAddress, folder: Path, registry: Registry) -> "NamedModel":
        """The model at ``address``, whose snapshot is ``folder``; raises as ``of`` does."""
        found = read_card(folder)
        card = dict.fromkeys(_ON_CARD) if found is None else found.model_dump(include=set(_ON_CARD))
        places = {"name": str(address), "plugin": None, "distribution": None, "revision": folder.name}
        return cls.model_validate(card | places | _stored(folder, registry))


def _stored(folder: Path, registry: Registry) -> dict[str, Any]:
    """The fields of a model that its bundle gives."""
    with open_bundle(folder) as bundle:
        manifest, size = bundle.manifest, bundle.tensors.stat().st_size
    spec = stored_spec(folder, manifest, registry)
    return {
        "can": tasks_of(spec),
        "input": spec.input,
        "channelwise": spec.channelwise,
        "components": {role: str(part.kind) for role, part in spec.components()},
        "parameters": manifest.parameters,
        "size": size,
        "folder": folder,
        "zoo": manifest.zoo,
        "sha256": manifest.sha256,
    }


def input_in_words(given: InputSpec | ImageInputSpec | None, channelwise: bool) -> str:
    """Channels × length or an image, rate and units, as far as they are known."""
    if given is None:
        return ""
    if not isinstance(given, InputSpec):
        return f"image {given.shape}"
    channels = "any" if channelwise else str(given.channels)
    rate = f"{given.rate:g} Hz" if given.rate else None
    return ", ".join(fact for fact in (f"{channels} × {given.length}", rate, given.units) if fact)


class Listing(NamedTuple):
    """Models by name, and the reason for each name or plugin whose models cannot be used."""

    models: dict[str, NamedModel]
    broken: dict[str, str]


def list_models(task: str | None = None) -> Listing:
    """The models of all plugins that load and those in the cache of the hub, only those that can do ``task`` if given.

    Asks nothing of the hub. Raises SpecError for another task, and PluginError for a plugin that breaks the contract.
    """
    if task is not None and task not in TASKS:
        raise unknown("task", f"one of {', '.join(TASKS)}", task, list(TASKS), "`zoo models` shows every model")
    registry = Registry.discover()
    made: dict[str, Callable[[], NamedModel]] = {
        name: partial(NamedModel.of, offered, registry) for name, offered in registry.models().items()
    }
    for address, folder in all_cached():
        if is_bundle(folder):  # repositories of others may have a spec.json too
            made[str(address)] = partial(NamedModel.on_hub, address, folder, registry)
    found, broken = {}, {}
    for name, make in made.items():
        try:
            model = make()
        except ZooError as error:
            broken[name] = str(error)
            continue
        if task is None or task in model.can:
            found[name] = model
    failures = {f"plugin {name}": str(error) for name, error in sorted(registry.failures.items())}
    return Listing(found, broken | failures)


def show_model(name: str) -> NamedModel:
    """The model with this name or address. Raises ZooError if there is none, or it cannot be used."""
    registry = Registry.discover()
    if is_address(name):
        address = HubAddress.parse(name)
        return NamedModel.on_hub(address, fetched(address), registry)
    known = registry.models()
    if name not in known:
        names = [*known, *registry.importers()]
        raise unknown("model", "the name of a model", name, names, "`zoo models` shows the names")
    return NamedModel.of(known[name], registry)
