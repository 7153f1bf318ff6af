"""Take the weights of some components from a bundle, all of them or none."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor
from zoo_registry import ROLES, BundleError
from zoo_registry.explain import unknown

from zoo.assembly import ZooModel
from zoo.weights.bundle import read_tensors, stored_sizes
from zoo.weights.manifest import read_manifest

Found = TypeVar("Found")


@torch.no_grad()
def load_weights(model: ZooModel, bundle: str | Path, only: Sequence[str] | None = None) -> list[str]:
    """Copy into ``model`` the weights of the components named in ``only``, and name those that were taken.

    None takes every component that both models have. The kinds may differ, the tensors may not: each tensor of a
    component must be in the bundle with the same shape, and the bundle must hold no other for it.

    Raises BundleError before anything is changed.
    """
    folder = Path(bundle)
    stored = stored_sizes(folder, read_manifest(folder))
    wanted = {name: tensor for name, tensor in model.state_dict().items() if _role(name) in ROLES}
    roles = _roles(folder, wanted, stored, only)
    for role in roles:
        _require_fit(folder, role, _of(wanted, role), _of(stored, role))
    source = read_tensors(folder)
    for name, tensor in wanted.items():
        if _role(name) in roles:
            tensor.copy_(source[name])
    return roles


def _roles(
    folder: Path, wanted: Mapping[str, object], stored: Mapping[str, object], only: Sequence[str] | None
) -> list[str]:
    for role in only or ():
        if role not in ROLES:
            raise unknown(f"{folder}: only", f"one of {', '.join(ROLES)}", role, list(ROLES), "name components")
    both = [role for role in ROLES if _of(wanted, role) and _of(stored, role)]
    if only is None and not both:
        have = ", ".join(dict.fromkeys(map(_role, stored))) or "nothing"
        raise BundleError(str(folder), "weights of a component that the model has", have, "take another bundle")
    return both if only is None else list(only)


def _require_fit(folder: Path, role: str, wanted: Mapping[str, Tensor], stored: Mapping[str, tuple[int, ...]]) -> None:
    where = f"{folder}: {role}"
    if not wanted:
        raise BundleError(where, "a component with weights", "none in the model", f"leave {role} out")
    misfits = [name for name, tensor in wanted.items() if stored.get(name) != tuple(tensor.shape)]
    misfits += sorted(stored.keys() - wanted.keys())
    if misfits:
        name = misfits[0]
        expected = f"{name} of shape {tuple(wanted[name].shape)}" if name in wanted else f"no tensor {name}"
        found = f"shape {stored[name]}" if name in stored else "no such tensor"
        more = f" ({len(misfits)} tensors misfit)"
        raise BundleError(where, expected, found + more, f"make the two specs alike, or leave {role} out")


def _role(name: str) -> str:
    return name.partition(".")[0]


def _of(tensors: Mapping[str, Found], role: str) -> Mapping[str, Found]:
    return {name: tensor for name, tensor in tensors.items() if _role(name) == role}
