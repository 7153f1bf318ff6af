"""The stages of a forward pass as rows: name, component and output shape."""

from collections.abc import Iterator
from dataclasses import dataclass

from zoo_registry import ModelSpec, Shape

_GIVEN_BY = {
    "signal": "input",
    "folded": "fusion",
    "image": "image",
    "tokens": "encoder",
    "features": "encoder",
    "codes": "quantizer",
    "rebuilt": "decoder",
    "shapes": "decoder",
    "recon": "fusion",
    "logits": "head",
    "actions": "text",
}


@dataclass(frozen=True)
class Stage:
    """One stage: its name, role and kind of its component, and its output shape."""

    name: str
    role: str
    kind: str
    shape: Shape


def stages(model: ModelSpec) -> Iterator[Stage]:
    """Every stage of ``model``, in order, without those whose output equals that of the stage before."""
    kinds = {role: str(part.kind) for role, part in model.components()}
    repeats = {"folded", "rebuilt"} if model.fusion is None else set()
    if model.image is None:
        repeats.add("image")
    if model.encoder and not model.encoder.attributes:
        repeats.add("features")
    for name, shape in model.trace().stages():
        if name not in repeats:
            role = "decoder" if name == "recon" and model.fusion is None else _GIVEN_BY[name]
            yield Stage(name, role, kinds.get(role, role), shape)
