"""Weights to transfer: the tensors of a bundle and its model spec."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor
from zoo_registry import Registry

from zoo.weights.bundle import stored_sizes
from zoo.weights.manifest import bundle_in, open_bundle


@dataclass(frozen=True)
class Source:
    """Tensors by name, the complete model spec saved with them, and their folder."""

    folder: str
    model: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


def read_source(folder: str | Path) -> Source:
    """The weights of a bundle, or of a run's bundle; its plugins need not be installed. Raises BundleError."""
    with open_bundle(bundle_in(folder)) as bundle:
        stored_sizes(bundle)
        return Source(str(folder), Registry.discover().migrate(bundle.manifest.model), load_file(bundle.tensors))
