"""Build a model from a spec, after making sure that it can fit into memory."""

import os
from pathlib import Path
from typing import Any

import torch
from zoo_registry import ModelSpec, Registry, SpecError

from zoo.assembly import ZooModel
from zoo.specs import read_model

Source = ModelSpec | dict[str, Any] | str | Path
_BYTES_PER_PARAMETER = 16
"""A weight, its gradient and the two moments of Adam, four bytes each."""


def build(spec: Source) -> ZooModel:
    """A model with fresh weights from a spec: a ModelSpec, plain data, or the path of a JSON file.

    Raises ZooError for a spec that is refused.
    """
    model = spec if isinstance(spec, ModelSpec) else read_model(spec, Registry.discover())
    model.trace()
    _require_memory(model)
    return ZooModel(model)


def _require_memory(spec: ModelSpec) -> None:
    with torch.device("meta"):
        parameters = sum(p.numel() for p in ZooModel(spec).parameters())
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if parameters * _BYTES_PER_PARAMETER > available:
        raise SpecError(
            "model",
            f"parameters that fit into {available / 2**30:.0f} GiB with gradient and optimizer",
            f"{parameters:,} parameters",
            "make widths, layers or codes smaller",
        )
