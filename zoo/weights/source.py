"""Weights to transfer: the tensors of a bundle and what its spec says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor
from zoo_registry import Registry

from zoo.weights.bundle import read_tensors, stored_sizes
from zoo.weights.manifest import bundle_in, read_manifest


@dataclass(frozen=True)
class Source:
    """Tensors by name, the complete model spec they were saved with, and the folder they came from."""

    folder: str
    model: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


def read_source(folder: str | Path) -> Source:
    """The weights of a bundle, or of a run's; its plugins need not be installed. Raises BundleError."""
    bundle = bundle_in(Path(folder))
    manifest = read_manifest(bundle)
    stored_sizes(bundle, manifest)
    return Source(str(folder), Registry.discover().migrate(manifest.model), read_tensors(bundle))
