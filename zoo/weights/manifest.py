"""The manifest `spec.json` of a bundle; read and checked without torch."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

from pydantic import Field, ValidationError, field_validator
from zoo_registry import BundleError, ModelSpec, Registry, RunSpec, SpecError, ZooError, roles_of
from zoo_registry.component import Spec
from zoo_registry.explain import explain

from zoo.io.files import opened
from zoo.specs.read import read_json

TENSORS = "model.safetensors"
MANIFEST = "spec.json"


class Manifest(Spec):
    """The complete spec of a bundle's model, and the versions that wrote it."""

    format: Literal[1] = 1
    """Version of this layout."""

    zoo: str
    """Version of the zoo that wrote it."""

    model: Mapping[str, Any]
    """The complete model spec."""

    plugins: Mapping[str, str]
    """Version of every plugin that the model needs, by name."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Hash of the tensor file."""

    @field_validator("model")
    @classmethod
    def _parts_are_objects(cls, model: Mapping[str, Any]) -> Mapping[str, Any]:
        """Require objects, because sources are compared part by part, even if no installed plugin knows them."""
        for role in roles_of("model"):
            if not isinstance(model.get(role), Mapping | None):
                raise ValueError(f"A component or null as {role}")
        return model


class OpenBundle(NamedTuple):
    """A bundle that stays unchanged while it is read, even if another one replaces it in ``folder``."""

    folder: Path
    manifest: Manifest
    tensors: Path
    """Path from which its tensors are read meanwhile; messages name ``folder``."""

    @property
    def named(self) -> str:
        """Name of its tensor file in messages."""
        return str(self.folder / TENSORS)


def require_bundles(run: RunSpec) -> None:
    """Raise BundleError when a bundle that provides weights or a judge for ``run`` cannot be read."""
    for source in [*(transfer.source for transfer in run.transfer), *run.evaluation.bundles.values()]:
        read_manifest(bundle_in(Path(source)))


def bundle_in(folder: Path) -> Path:
    """The bundle in the folder of a run, or ``folder`` itself."""
    return folder / "bundle" if (folder / "run.json").is_file() else folder


@contextmanager
def open_bundle(folder: Path) -> Iterator[OpenBundle]:
    """The bundle in ``folder``; raise BundleError if there is none or it cannot be read."""
    with ExitStack() as stack:
        try:
            spec, tensors = stack.enter_context(opened(folder, (MANIFEST, TENSORS)))
        except OSError as error:
            raise _unreadable(folder, error) from None
        yield OpenBundle(folder, _manifest(folder / MANIFEST, spec), tensors)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the bundle in ``folder``; raise BundleError if there is none or it cannot be read."""
    with open_bundle(folder) as bundle:
        return bundle.manifest


def _unreadable(folder: Path, error: OSError) -> BundleError:
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        return BundleError(str(folder), "the folder of a bundle", found, "check the path; `zoo build --out` writes one")
    name = Path(error.filename).name
    found = f"no {name}" if isinstance(error, FileNotFoundError) else f"{name}: {error.strerror}"
    return BundleError(str(folder), f"a bundle with {MANIFEST} and {TENSORS}", found, "check the path")


def _manifest(named: Path, file: Path) -> Manifest:
    """The manifest in ``file``, which messages call ``named``."""
    try:
        data = read_json(file)
    except SpecError as error:
        raise BundleError(str(named), error.expected, error.found, "copy the bundle again") from None
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        _refuse(named, explain(error, Manifest, data))


def stored_spec(folder: Path, manifest: Manifest, registry: Registry) -> ModelSpec:
    """The model spec of ``manifest``; raise BundleError if a plugin is missing or no longer accepts the spec."""
    for name, version in manifest.plugins.items():
        if name not in registry.plugins():
            hint = f"install the package that provides plugin {name}"
            raise BundleError(str(folder), f"plugin {name} {version}", "none of that name installed", hint)
    try:
        spec = registry.model(registry.migrate(manifest.model))
        spec.trace()
        return spec
    except SpecError as error:
        _refuse(folder / MANIFEST, error, "model.")


def grown_apart(manifest: Manifest, registry: Registry) -> list[str]:
    """A sentence for every plugin whose major version differs from the one that wrote the bundle."""
    installed = registry.plugins()
    return [
        f"plugin {name} was {version} when the bundle was made and is {installed[name]} now"
        for name, version in manifest.plugins.items()
        if name in installed and _major(version) != _major(installed[name])
    ]


def _major(version: str) -> str:
    return version.partition(".")[0]


def _refuse(file: Path, error: ZooError, prefix: str = "") -> NoReturn:
    hint = "create the bundle again with the installed version, or copy it again"
    raise BundleError(f"{file}: {prefix}{error.where}", error.expected, error.found, hint) from None
