"""What a trained model can do, by the component that it needs for that. Does not import torch."""

from collections.abc import Mapping
from typing import Literal

from zoo_registry import ModelSpec

Task = Literal["classify", "tokenize", "reconstruct"]
TASKS: Mapping[Task, str] = {"classify": "head", "tokenize": "quantizer", "reconstruct": "decoder"}
"""Every task, and the role of the component that it needs."""


def tasks_of(spec: ModelSpec) -> tuple[Task, ...]:
    """The tasks that a model can do."""
    return tuple(task for task, role in TASKS.items() if getattr(spec, role) is not None)
