"""Whether the teachers of a run suit its student, as far as their specs tell; checked without torch."""

import warnings
from pathlib import Path

from zoo_registry import DataError, InputSpec, ModelSpec, Registry, RunSpec, SpecError, ZooNote
from zoo_registry.errors import show
from zoo_registry.teachers import require_taps

from zoo.hub.address import is_address
from zoo.weights.manifest import bundle_in, read_manifest, require_bundles, stored_spec


def require_sources(run: RunSpec) -> None:
    """Raise ZooError for a bundle or a file that ``run`` names and that is missing, or does not suit the run."""
    require_bundles(run)
    require_teachers(run)


def require_teachers(run: RunSpec) -> None:
    """Raise ZooError for a teacher that is missing or cannot teach the student.

    A student whose spec has no ``input`` yet is compared in this respect when its data are known.
    """
    registry, given = Registry.discover(), run.model.input
    for name, teacher in run.teachers.items():
        where, path = f"teachers.{name}", Path(teacher.source)
        if is_file_of_logits(path):
            _require_logits(where, path, run)
            continue
        spec = stored_spec(bundle_in(path), read_manifest(bundle_in(path)), registry)
        if spec.head is None:
            raise SpecError(where, "a classifier", f"a model without a head in {path}", "name another bundle")
        require_taps(where, run.distill, spec)
        if isinstance(given, InputSpec):
            require_input(where, spec, given)


def _require_logits(where: str, path: Path, run: RunSpec) -> None:
    for part in run.distill:
        if part.maps:
            hint = "name a bundle, or remove this distiller"
            raise SpecError(where, f"a network, as {part.kind} compares features", "a file of logits", hint)
    from zoo.teachers.logits_file import read_logits  # imports NumPy, which most commands do without

    found = read_logits(path)
    if isinstance(run.model.input, InputSpec):
        require_classes(where, found.classes, run.model.input)


def is_file_of_logits(path: Path) -> bool:
    """Whether a teacher's source is a file of logits rather than a bundle, which may be zipped."""
    return not is_address(path) and (path.suffix == ".npz" or (path.is_file() and path.suffix != ".zip"))


def require_input(where: str, teacher: ModelSpec, student: InputSpec) -> None:
    """Raise SpecError unless the teacher reads the student's windows and gives logits of the same classes in the same
    order; warn where the teacher has no class names."""
    given = teacher.input
    if not isinstance(given, InputSpec):
        hint = "train it on the signal, with an image component"
        raise SpecError(where, "a model that reads signals", "one that reads ready-made images", hint)
    for field, theirs, ours in given.conflicts(student):
        hint = "train it on these data"
        if field == "class_names" and set(theirs) == set(ours):
            hint = "its classes are the same in another order: train it on data with this order"
        raise SpecError(where, f"{field} {show(ours)}, as the student has", show(theirs), hint)
    if given.class_names is None and student.class_names is not None:
        note = "the teacher has no class names; its classes are assumed to be in the order of the data"
        warnings.warn(f"{where}: {note}, {student.class_names[0]} first", ZooNote, stacklevel=3)


def require_classes(where: str, theirs: tuple[str, ...], student: InputSpec) -> None:
    """Raise DataError unless a file of logits has the student's classes in the same order."""
    ours = student.class_names
    if ours is not None and theirs != ours:
        raise DataError(where, f"classes {show(ours)}, as the student has", show(theirs), "write the file again")
