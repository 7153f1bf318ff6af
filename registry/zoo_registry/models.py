"""How a plugin offers trained models: a card per model, and the bundle in the plugin's package."""

import re
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field

from zoo_registry.component import Spec
from zoo_registry.errors import PluginError

MODEL_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""The name of a model: lower case, in words with hyphens between them, and so never a path with a folder in it."""

Sentence = Annotated[str, Field(min_length=1, max_length=400)]
Word = Annotated[str, Field(min_length=1, max_length=100)]


class TrainedOn(Spec):
    """The data that a model was trained on."""

    data: Sentence
    """Name of the data set, and where it is from."""

    split: Word
    """The part of it that was used, such as train."""

    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The fingerprint of these data, as in `run.json` and `zoo data`; null if unknown."""


class Headline(Spec):
    """The number that says how good a model is, with what is needed to measure it again."""

    metric: Word
    """What was measured, such as accuracy."""

    value: float
    """The number."""

    count: int | None = Field(default=None, ge=0)
    """How many windows it counts, such as the correct ones; null for a metric that counts nothing."""

    total: int | None = Field(default=None, ge=1)
    """How many windows were measured; null if unknown."""

    split: Word
    """The data set and split on which it was measured, such as BasicMotions test."""

    protocol: Sentence
    """How it was measured: what was trained, on whom, and by which split the weights were selected."""

    def __str__(self) -> str:
        counted = f" ({self.count}/{self.total})" if self.count is not None and self.total is not None else ""
        return f"{self.metric} {self.value:.3g}{counted}, {self.split}"


class ModelCard(Spec):
    """A trained model that a plugin offers by name.

    Input, parameters, size and plugins are in the bundle and not repeated here.
    """

    name: Annotated[str, Field(pattern=rf"^{MODEL_NAME.pattern}$", max_length=64)]
    """The name by which it is loaded, such as acme-small."""

    purpose: Sentence
    """What it is for, in one sentence."""

    package: Annotated[str, Field(pattern=r"^\w+(\.\w+)*$", max_length=200)]
    """The importable package that contains its bundle, such as zoo_acme."""

    folder: Annotated[str, Field(pattern=r"^[\w-]+(/[\w-]+)*$", max_length=200)]
    """The folder of its bundle in this package, such as models/small."""

    licence: Word
    """The licence of its weights, such as CC-BY-4.0."""

    trained_on: TrainedOn
    """The data it was trained on."""

    headline: Headline
    """How good it is."""

    source: Sentence
    """The preset or the script that trains it again."""


@dataclass(frozen=True)
class OfferedModel:
    """A ``card``, and the plugin and distribution that offer it."""

    card: ModelCard
    plugin: str
    distribution: str

    @property
    def folder(self) -> Path:
        """The folder of its bundle. Raises PluginError if its package has no such folder."""
        where, expected = f"model {self.card.name}", f"the folder {self.card.folder} in package {self.card.package}"
        hint = f"repair or uninstall {self.distribution}"
        try:
            found = files(import_module(self.card.package)) / self.card.folder
        except Exception as error:  # a third-party package may raise anything
            raise PluginError(where, expected, f"{type(error).__name__}: {error}", hint) from error
        if not isinstance(found, Path) or not found.is_dir():
            raise PluginError(where, expected, "no such folder on this disk", hint)
        return found
