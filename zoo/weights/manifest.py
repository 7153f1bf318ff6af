"""The manifest `spec.json` of a bundle; read and checked without torch."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

from pydantic import Field, ValidationError, field_validator
from zoo_registry import BundleError, ModelSpec, Registry, RunSpec, SpecError, ZooError, roles_of
from zoo_registry.component import Spec
from zoo_registry.errors import show
from zoo_registry.explain import explain
from zoo_registry.registry import OUR_DISTRIBUTION

from zoo.hub.cache import CARD, FILES, is_snapshot
from zoo.io.files import current, opened
from zoo.specs.offered import folder_named, is_name, similar
from zoo.specs.read import read_json
from zoo.weights.zipped import is_zip, unpacked

MANIFEST, TENSORS = FILES
FORMAT: Literal[2] = 2
"""The newest layout. Format 1, of version 0.1, had neither distributions nor parameters, and allowed other files beside
the two of a bundle."""

_SHA256 = r"^[0-9a-f]{64}$"
Distribution = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=100)]


class Manifest(Spec):
    """The complete spec of a bundle's model, and the versions that wrote it."""

    format: Literal[1, 2] = 1
    """Version of this layout."""

    zoo: str
    """Version of the zoo that wrote it."""

    model: Mapping[str, Any]
    """The complete model spec."""

    plugins: Mapping[str, str]
    """Version of every plugin that the model needs, by name."""

    distributions: Mapping[str, Distribution] = {}
    """The distribution that provides each of these plugins, as `pip install` names it."""

    parameters: int | None = Field(default=None, ge=0)
    """Number of parameters of the model; null in format 1."""

    sha256: str = Field(pattern=_SHA256)
    """Hash of the tensor file."""

    manifest_sha256: str | None = Field(default=None, pattern=_SHA256)
    """Hash of all other fields; null in format 1, and in the first bundles of format 2."""

    @field_validator("model")
    @classmethod
    def _parts_are_objects(cls, model: Mapping[str, Any]) -> Mapping[str, Any]:
        """Require objects, because sources are compared part by part, even if no installed plugin knows them."""
        for role in roles_of("model"):
            if not isinstance(model.get(role), Mapping | None):
                raise ValueError(f"A component or null as {role}")
        return model

    def dump(self) -> dict[str, Any]:
        """All fields as they are written, with their hash."""
        fields = self.model_dump(mode="json")
        return fields | {"manifest_sha256": _own_hash(fields)}


class OpenBundle(NamedTuple):
    """A bundle that stays unchanged while it is read, even if another one replaces it in ``folder``."""

    folder: Path
    manifest: Manifest
    tensors: Path
    """Path from which its tensors are read meanwhile; messages name ``folder``."""
    spec: Path
    """Path from which its spec.json is read meanwhile."""

    @property
    def named(self) -> str:
        """Name of its tensor file in messages."""
        return str(self.folder / TENSORS)


def bundles_of(run: RunSpec) -> dict[str, str]:
    """The bundles that provide weights or a judge for ``run``, as it names them, by the field."""
    sources = {f"transfer.{index}": transfer.source for index, transfer in enumerate(run.transfer)}
    return sources | {f"evaluation.judges.{name}": bundle for name, bundle in run.evaluation.bundles.items()}


def require_bundles(run: RunSpec) -> None:
    """Raise BundleError when a bundle that provides weights or a judge for ``run`` cannot be read."""
    for source in bundles_of(run).values():
        read_manifest(bundle_in(source))


def bundle_in(source: str | Path) -> Path:
    """The bundle in the folder of a run, that of the model with the name or address ``source``, or ``source`` itself.

    A path that exists is never taken for a name; warns with ZooNote if it is both. Raises BundleError for an address
    that cannot be fetched.
    """
    folder = folder_named(source)
    return folder / "bundle" if (folder / "run.json").is_file() and not is_snapshot(folder) else folder


@contextmanager
def open_bundle(folder: Path) -> Iterator[OpenBundle]:
    """The bundle in ``folder``, which may be a zip archive of one.

    Raises BundleError if there is none, it cannot be read, or it contains other files.
    """
    with ExitStack() as stack:
        home = stack.enter_context(unpacked(folder, (MANIFEST, TENSORS))) if is_zip(folder) else folder
        try:
            spec, tensors = stack.enter_context(opened(home, (MANIFEST, TENSORS)))
            manifest = _manifest(folder / MANIFEST, spec)
            if manifest.format > 1:
                _require_alone(folder, home)
        except OSError as error:
            raise _unreadable(folder, error) from None
        yield OpenBundle(folder, manifest, tensors, spec)


def _require_alone(folder: Path, home: Path) -> None:
    """Refuse files that the manifest has no hash of; hidden ones, which systems add, and the card are never read.

    Other files of its repository may be in a snapshot of a hub's cache, where other programs put them.
    """
    names = {path.name for path in current(home).iterdir() if not path.name.startswith(".")}
    if (others := sorted(names - {MANIFEST, TENSORS, CARD})) and not is_snapshot(home):
        hint = "remove it from the bundle, or copy the bundle again"
        raise BundleError(str(folder), f"{MANIFEST} and {TENSORS} alone", others[0], hint)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the bundle in ``folder``; raise BundleError if there is none or it cannot be read."""
    with open_bundle(folder) as bundle:
        return bundle.manifest


def require_hash(bundle: OpenBundle) -> None:
    """Raise BundleError unless the tensors of a bundle are those of its manifest."""
    expected = bundle.manifest.sha256
    with bundle.tensors.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        again = "delete this folder and pull it again" if is_snapshot(bundle.folder) else "copy the bundle again"
        raise BundleError(bundle.named, f"sha256 {expected[:12]}… as in {MANIFEST}", f"{found[:12]}…", again)


def is_bundle(folder: Path) -> bool:
    """Whether the spec.json in ``folder`` is that of a bundle, of any version; other programs write such files too."""
    try:
        data = read_json(folder / MANIFEST)
    except SpecError:
        return False
    return isinstance(data, dict) and data.keys() >= {"zoo", "model", "plugins", "sha256"}


def _unreadable(folder: Path, error: OSError) -> BundleError:
    if is_name(folder) and not folder.exists():
        expected = "the folder of a bundle, or the name of a model"
        return BundleError(str(folder), expected, "neither", similar(folder))
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
    _require_known_format(named, data)
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        _refuse(named, explain(error, Manifest, data))
    _require_unchanged(named, manifest, data)
    return manifest


def _require_unchanged(named: Path, manifest: Manifest, data: Mapping[str, Any]) -> None:
    """Refuse a file that was edited, such as its class names: nothing else would notice."""
    expected = manifest.manifest_sha256
    if expected is not None and (found := _own_hash(data)) != expected:
        what = f"fields with the sha256 {expected[:12]}… that it states"
        hint = "copy the bundle again; `zoo build SPEC --weights BUNDLE --out FOLDER` writes one with another spec"
        raise BundleError(str(named), what, f"{found[:12]}…", hint)


def _own_hash(data: Mapping[str, Any]) -> str:
    """Hash of the fields except the hash itself, independent of their order and of white space."""
    others = {name: value for name, value in data.items() if name != "manifest_sha256"}
    return hashlib.sha256(json.dumps(others, sort_keys=True).encode()).hexdigest()


def _require_known_format(named: Path, data: Any) -> None:
    found = data.get("format") if isinstance(data, dict) else None
    if isinstance(found, int) and found > FORMAT:
        version = data.get("zoo")
        wrote = f"{show(found)}, of zoo {show(version)}"
        hint = _install(OUR_DISTRIBUTION, version if isinstance(version, str) else "")
        raise BundleError(f"{named}: format", f"at most {FORMAT}, which this version reads", wrote, hint)


def _install(distribution: str, version: str) -> str:
    """The command that installs ``distribution`` in ``version``, which is from an untrusted file, or later."""
    number = re.match(r"\d{1,9}(\.\d{1,9}){0,3}", version)
    return f"`pip install '{distribution}>={number[0]}'`" if number else f"`pip install -U {distribution}`"


def stored_spec(folder: Path, manifest: Manifest, registry: Registry) -> ModelSpec:
    """The model spec of ``manifest``; raise BundleError if a plugin is missing or no longer accepts the spec."""
    for name, version in manifest.plugins.items():
        if name not in registry.plugins():
            distribution = manifest.distributions.get(name)
            unknown = f"install the package that provides plugin {name}"
            hint = unknown if distribution is None else f"{_install(distribution, version)} provides it"
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
