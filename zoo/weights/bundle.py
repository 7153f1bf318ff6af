"""Save a model as a bundle (`model.safetensors` and `spec.json`) and load it again."""

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as serialize
from torch import Tensor
from zoo_registry import BundleError, Registry, ZooNote
from zoo_registry.version import version

from zoo.io.files import new_folder, resolved, write_json
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.weights.manifest import (
    FORMAT,
    MANIFEST,
    TENSORS,
    Manifest,
    OpenBundle,
    bundle_in,
    grown_apart,
    open_bundle,
    require_hash,
    stored_spec,
)

Sizes = Mapping[str, tuple[int, ...]]


def save(model: ZooModel, folder: str | Path) -> None:
    """Write ``model`` as a bundle atomically; replaces an older bundle.

    Raises BundleError if ``folder`` holds anything else, and OSError if it cannot be written.
    """
    target = resolved(Path(folder))
    require_replaceable(target)
    # Cloned, because safetensors cannot store two names that share memory.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    registry, plugins = Registry.discover(), model.spec.plugins()
    versions = registry.plugins()
    provided = {name: registry.distribution(name) for name in plugins}
    content = serialize(tensors)  # into memory, because the library hides the system error of a full disk
    with new_folder(target) as home:
        (home / TENSORS).write_bytes(content)
        manifest = Manifest(
            format=FORMAT,
            zoo=version(),
            model=model.spec.dump(),
            plugins={name: versions.get(name, "unknown") for name in plugins},
            distributions={name: distribution for name, distribution in provided.items() if distribution},
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        write_json(home / MANIFEST, manifest.dump())


def require_replaceable(folder: Path) -> None:
    """Raise BundleError unless ``folder`` can be created or is a bundle: nothing else is ever overwritten."""
    hint = "name another folder"
    for path in (folder, *folder.parents):
        if path.is_file():
            raise BundleError(str(path), "a folder", "a file", hint)
    foreign = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    foreign = [name for name in foreign if name not in (TENSORS, MANIFEST)]
    if foreign:
        raise BundleError(str(folder), "a new folder or a bundle to replace", foreign[0], hint)


def load(folder: str | Path) -> ZooModel:
    """The model of a bundle, with its weights, in eval mode; the random state does not change.

    ``folder`` is that of a bundle or of a run, the zip archive of a bundle, the name of a model that a plugin offers,
    such as in `zoo.models()`, or the address of one on a hub, such as `hf://owner/name`. Nothing is written there.

    Raises BundleError if the bundle is incomplete or does not fit the installed plugins; warns with ZooNote if a
    plugin's major version differs from the one that wrote the bundle.
    """
    registry = Registry.discover()
    with open_bundle(bundle_in(folder)) as bundle:
        spec = stored_spec(bundle.folder, bundle.manifest, registry)
        for note in grown_apart(bundle.manifest, registry):
            warnings.warn(f"{folder}: {note}", ZooNote, stacklevel=2)
        with torch.random.fork_rng(devices=[]):
            model = build(spec)
        stored = {model.renamed(name): sizes for name, sizes in stored_sizes(bundle).items()}
        _require_fit(bundle.named, _sizes(model.state_dict()), stored)
        model.load_state_dict(load_file(bundle.tensors))
    return model.eval()


def stored_sizes(bundle: OpenBundle) -> Sizes:
    """Shape of every tensor of a bundle; raise BundleError if the file does not match the manifest."""
    require_hash(bundle)
    try:
        with safe_open(bundle.tensors, framework="pt") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise BundleError(bundle.named, "a file of tensors", str(error), "copy the bundle again") from None


def _require_fit(where: str, expected: Sizes, stored: Sizes) -> None:
    hint = "the plugin has changed since: install the version named in spec.json"
    if missing := sorted(expected.keys() - stored.keys()):
        raise BundleError(where, f"tensor {missing[0]}", f"{len(missing)} of {len(expected)} missing", hint)
    if unexpected := sorted(stored.keys() - expected.keys()):
        raise BundleError(where, "only the model's tensors", f"{unexpected[0]} and {len(unexpected) - 1} more", hint)
    for name, sizes in expected.items():
        if stored[name] != sizes:
            raise BundleError(where, f"{name} of shape {sizes}", str(stored[name]), hint)


def _sizes(tensors: Mapping[str, Tensor]) -> Sizes:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
