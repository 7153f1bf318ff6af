"""Checkpoints from elsewhere, which do not come with the zoo, and how they become models. Does not import torch."""

import inspect
from collections.abc import Iterator

from pydantic import BaseModel
from zoo_registry import Importer, Registry


class Importable(BaseModel, frozen=True):
    """A kind of checkpoint that the plugin ``name`` imports; ``published`` says where files are, if that is known."""

    name: str
    purpose: str
    published: str
    distribution: str | None

    @property
    def command(self) -> str:
        """The command that makes a bundle of a file."""
        return f"zoo import {self.name} CKPT --out BUNDLE"

    def facts(self) -> Iterator[tuple[str, str]]:
        """What a card shows, by name."""
        yield "imported by", f"plugin {self.name} of {self.distribution or 'an unknown distribution'}"
        if self.published:
            yield "published", self.published
        yield "to import", f"download a file, then `{self.command}`; `zoo import --help` explains sizes and classes"
        yield "then", "BUNDLE can stand wherever the name of a model can"


def importables() -> list[str]:
    """Names of the plugins that import checkpoints, unless a model has the name."""
    registry = Registry.discover()
    models = registry.models()
    return [name for name in registry.importers() if name not in models]


def importable(name: str) -> Importable | None:
    """What the plugin ``name`` imports; None if it is the name of a model, or no such plugin."""
    if name not in importables():
        return None
    registry = Registry.discover()
    importer = registry.importer(name)
    return Importable(
        name=name,
        purpose=_first_sentence(importer),
        published=importer.published,
        distribution=registry.distribution(name),
    )


def _first_sentence(importer: Importer) -> str:
    return (inspect.getdoc(importer) or "").partition("\n\n")[0].replace("\n", " ")
