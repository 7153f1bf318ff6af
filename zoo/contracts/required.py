"""Parts of a model, or of its output, that a task cannot do without."""

from typing import TypeVar

from zoo_registry import SpecError

Part = TypeVar("Part")


def required(part: Part | None, role: str, task: str) -> Part:
    """``part``; raises SpecError if it is None, because ``task`` needs a component of ``role`` that the model lacks."""
    if part is None:
        hint = f"add one to the spec and train it; `zoo list {role}` shows the kinds"
        raise SpecError(role, f"one to {task} with", "none in the model", hint)
    return part
