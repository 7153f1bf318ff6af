"""Import weights that were trained elsewhere as a model of the zoo: a spec and tensors from the file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from zoo_registry import BundleError, Imported, Registry, SpecError

from zoo.contracts import Standardize
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.sources.labels import class_names
from zoo.weights.checkpoint import read_checkpoint
from zoo.weights.statistics import read_statistics
from zoo.weights.validate_tensor import FLOATS


class ImportedModel(NamedTuple):
    """A model with imported weights, in eval mode, and sentences about values missing in the file."""

    model: ZooModel
    notes: tuple[str, ...]


def import_checkpoint(
    plugin: str,
    path: str | Path,
    given: Mapping[str, int] | None = None,
    statistics: str | Path | None = None,
    classes: str | Path | None = None,
) -> ImportedModel:
    """The model in the checkpoint at ``path``, read by the importer of ``plugin``; the random state does not change.

    ``given`` holds input sizes that are not in the file, by axis letter. ``statistics`` is a file with the mean and
    deviation that standardised the inputs of a judge. ``classes`` is a file with the name of each class in the order of
    the logits. Raises ZooError for invalid input.
    """
    registry = Registry.discover()
    importer = registry.importer(plugin)
    checkpoint = read_checkpoint(Path(path))
    imported = importer.convert(checkpoint, given or {})
    if classes is not None:
        imported = _named(imported, Path(classes))
    model = _built(registry, imported, str(path))
    _fill(model, imported.tensors, str(path))
    notes = (*imported.notes, *_narrowed(imported.tensors), *_standardise(model, statistics, str(path)))
    if model.spec.head is not None and classes is None:
        notes = (*notes, "the file names no classes, and data may list them in another order: --classes names them")
    return ImportedModel(model.eval(), notes)


def _named(imported: Imported, file: Path) -> Imported:
    """The same with class names in its input."""
    names = class_names(file.parent, file.name)
    entering = imported.model.get("input") or {}
    if names is None or len(names) != entering.get("classes"):
        expected = f"{entering.get('classes') or 'no'} class names, as the checkpoint has classes"
        raise BundleError(str(file), expected, str(len(names or ())), "name each class once, or leave --classes out")
    return replace(imported, model={**imported.model, "input": {**entering, "class_names": names}})


def _built(registry: Registry, imported: Imported, where: str) -> ZooModel:
    try:
        spec = registry.model(imported.model)
        with torch.random.fork_rng(devices=[]):
            return build(spec)
    except SpecError as error:
        raise BundleError(f"{where}: {error.where}", error.expected, error.found, error.hint) from None


def _fill(model: ZooModel, tensors: Mapping[str, Tensor], where: str) -> None:
    """Copy every tensor into the model; raise BundleError with the name of a missing, unused or misshapen tensor."""
    targets = model.state_dict()
    own = {f"{path}.{name}" for path, module in _standardizes(model).items() for name in module.state_dict()}
    hint = "check that the file is complete and of this importer's model"
    if missing := sorted(targets.keys() - tensors.keys() - own):
        raise BundleError(where, f"tensor {missing[0]}", f"{len(missing)} of {len(targets)} missing", hint)
    if unknown := sorted(tensors.keys() - targets.keys()):
        found = f"{unknown[0]} ({len(unknown)} without a place)"
        raise BundleError(where, f"the model's {len(targets)} tensors alone", found, hint)
    for name, tensor in tensors.items():
        expected, found = _form(targets[name]), _form(tensor)
        if expected != found:
            raise BundleError(where, f"{name} of {expected}", found, hint)
    model.load_state_dict({**targets, **tensors})


def _form(tensor: Tensor) -> str:
    """Shape, and whether values are integers; floats of any width are converted to the model's type."""
    return f"{tuple(tensor.shape)} {'real' if tensor.is_floating_point() else 'whole'} numbers"


def _narrowed(tensors: Mapping[str, Tensor]) -> list[str]:
    kinds = {tensor.dtype for tensor in tensors.values() if tensor.dtype in FLOATS} - {torch.float32}
    names = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
    return [f"numbers of {names} became float32"] if names else []


def _standardise(model: ZooModel, statistics: str | Path | None, where: str) -> list[str]:
    """Fill the model's single standardisation from ``statistics``, or return a note that it stays empty."""
    found = list(_standardizes(model).values())
    if statistics is None:
        if all(bool(module.filled) for module in found):
            return []
        return ["the file holds no mean and deviation to standardise by: it judges once --expects-norm gives them"]
    if len(found) != 1:
        kinds = ", ".join(str(part.kind) for _, part in model.spec.components())
        expected = "a model that standardises its input, for --expects-norm"
        raise BundleError(where, expected, kinds, "leave --expects-norm out")
    mean, std = read_statistics(Path(statistics), len(found[0].mean))
    found[0].fill(torch.from_numpy(mean), torch.from_numpy(std))
    return []


def _standardizes(model: ZooModel) -> dict[str, Standardize]:
    return {path: module for path, module in model.named_modules() if isinstance(module, Standardize)}
