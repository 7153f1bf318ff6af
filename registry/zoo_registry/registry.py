"""Find plugins, index their specs by kind and turn JSON into validated specs."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any, TypeVar, cast

import pluggy
from pydantic import ValidationError

from zoo_registry import hooks
from zoo_registry.component import ComponentSpec, Home, Spec
from zoo_registry.contract import verify
from zoo_registry.data import DataSpec
from zoo_registry.earlier import respelled
from zoo_registry.errors import PluginError, SpecError, UnknownKindError, ZooError, show
from zoo_registry.explain import explain
from zoo_registry.importer import Importer
from zoo_registry.model import ModelSpec
from zoo_registry.models import ModelCard, OfferedModel
from zoo_registry.narrow import narrow, replaced
from zoo_registry.offers import importer_of, offers
from zoo_registry.recordings import RecordingReader
from zoo_registry.roles import ROLES, field_of, inner_roles, roles_of
from zoo_registry.run import RunSpec
from zoo_registry.suggest import nearest

OUR_DISTRIBUTION = "shapezoo"

AnySpec = TypeVar("AnySpec", bound=Spec)


class _DataPart(Spec):
    """Only the data of a run, so that messages use the same field paths as those of a run."""

    data: DataSpec


class Registry:
    """Specs by role and kind. A plugin loads when one of its kinds is requested; ``load_all`` loads all.

    ``failures`` keeps the plugins that could not be loaded, with the reason.
    """

    def __init__(self, entries: Iterable[EntryPoint] = ()) -> None:
        self.failures: dict[str, PluginError] = {}
        self._entries: dict[str, EntryPoint] = {}
        self._versions: dict[str, str] = {}
        self._kinds: dict[str, dict[str, type[ComponentSpec]]] = {role: {} for role in ROLES}
        self._plugins = pluggy.PluginManager(hooks.PROJECT)
        self._plugins.add_hookspecs(hooks)
        for entry in sorted(entries, key=_distribution):
            self._announce(entry)

    @classmethod
    def discover(cls) -> "Registry":
        """A registry of the installed entry points of ``zoo.plugins``; nothing is imported yet."""
        return cls(entry_points(group=hooks.GROUP))

    def _announce(self, entry: EntryPoint) -> None:
        first = self._entries.setdefault(entry.name, entry)
        if first is not entry:
            # Neither is used: an installed package must not replace another's code just by using its name.
            found = f"{_distribution(first)} and {_distribution(entry)}"
            hint = "uninstall one of them"
            self.failures[entry.name] = PluginError(
                f"plugin {entry.name}", "one distribution of that name", found, hint
            )

    def load(self, plugin: str) -> None:
        """Import and register one installed plugin. A failure is stored, not raised. Unknown names are ignored."""
        entry = self._entries.get(plugin)
        if entry is None or plugin in self.failures or self._plugins.has_plugin(plugin):
            return
        try:
            self.register(entry.load(), plugin, _version(entry))
        except PluginError as error:
            self.failures[plugin] = error
        except (Exception, SystemExit) as error:  # a plugin may raise anything and must not break others
            found = f"{type(error).__name__}: {error}"
            hint = f"repair or uninstall {_distribution(entry)}"
            self.failures[plugin] = PluginError(f"plugin {plugin}", "a plugin that loads", found, hint)

    def load_all(self) -> None:
        """Load every installed plugin."""
        for name in sorted(self._entries):
            self.load(name)

    def register(self, plugin: object, name: str, version: str = "unknown") -> None:
        """Add one plugin under ``name``; raise PluginError, and register nothing, if it breaks the contract."""
        if self._plugins.has_plugin(name):
            raise PluginError(f"plugin {name}", "a new name", "one already registered", "register it once")
        try:
            specs = self._collect(plugin, name)
        except BaseException:
            if self._plugins.has_plugin(name):
                self._plugins.unregister(name=name)
            raise
        for kind, spec in specs.items():
            self._kinds[spec.role][kind] = spec
        self._versions[name] = version

    def _collect(self, plugin: object, name: str) -> dict[str, type[ComponentSpec]]:
        try:
            self._plugins.register(plugin, name=name)
            self._plugins.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(f"plugin {name}", "hooks the zoo knows", str(error), "see zoo_registry.hooks") from None
        found: dict[str, type[ComponentSpec]] = {}
        for impl in self._plugins.hook.zoo_components.get_hookimpls():
            if impl.plugin is plugin:
                given: object = impl.function()
                if not isinstance(given, Iterable):
                    raise PluginError(f"plugin {name}", "a list from zoo_components()", show(given), "return a list")
                for spec in given:
                    kind = verify(spec, name)
                    if kind in found:
                        raise PluginError(f"plugin {name}", "each kind once", f"{kind!r} twice", "rename one")
                    found[kind] = cast(type[ComponentSpec], spec)
        offers = (self._plugins.hook.zoo_recordings, self._plugins.hook.zoo_models)
        if not found and not any(impl.plugin is plugin for hook in offers for impl in hook.get_hookimpls()):
            hint = "implement zoo_components(), zoo_recordings() or zoo_models()"
            raise PluginError(f"plugin {name}", "at least one component, reader of recordings or model", "none", hint)
        return found

    def kinds(self, role: str) -> list[str]:
        """Kinds of ``role`` from every plugin that loads, sorted."""
        self.load_all()
        return sorted(self._kinds[role])

    def plugins(self) -> Mapping[str, str]:
        """Version of every installed plugin by name, loaded or not."""
        versions = {name: _version(entry) for name, entry in self._entries.items()}
        return dict(sorted((versions | self._versions).items()))

    def distribution(self, plugin: str) -> str | None:
        """The installed distribution of ``plugin``; None if there is none, or it has no name."""
        entry = self._entries.get(plugin)
        return _metadata(entry.dist)[0] if entry is not None and entry.dist else None

    def find(self, kind: object, role: str | None = None, where: str = "kind") -> type[ComponentSpec]:
        """The spec class of ``kind``; loads only its plugin. Raises UnknownKindError or PluginError."""
        plugin = kind.partition(".")[0] if isinstance(kind, str) else ""
        self.load(plugin)
        for known_role, known in self._kinds.items():
            if isinstance(kind, str) and kind in known:
                if role in (None, known_role):
                    return known[kind]
                found = f"{show(kind)}, a kind of {known_role}"
                raise UnknownKindError(where, f"a kind of {role}", found, f"`zoo list {role}` shows them")
        if plugin in self.failures:
            raise self.failures[plugin]
        raise self._unknown(kind, role, where)

    def _unknown(self, kind: object, role: str | None, where: str) -> UnknownKindError:
        roles = [role] if role else list(ROLES)
        known = [kind for role in roles for kind in self.kinds(role)]
        close = nearest(kind, known) if isinstance(kind, str) else None
        listing = f"`zoo list{f' {role}' if role else ''}` shows what is installed"
        hint = f"did you mean {close!r}? {listing}" if close else listing
        return UnknownKindError(where, f"an installed {role or 'component'}", show(kind), hint)

    def importers(self) -> list[str]:
        """Plugins that load and have an importer for weights trained elsewhere, sorted."""
        self.load_all()
        return [name for name in sorted(self._entries.keys() | self._versions) if self._importers(name)]

    def importer(self, plugin: str) -> Importer:
        """The importer of ``plugin``; loads only this plugin. Raises UnknownKindError or PluginError."""
        self.load(plugin)
        if plugin in self.failures:
            raise self.failures[plugin]
        for implementation in self._importers(plugin):
            return importer_of(implementation, plugin)
        known = self.importers()
        close = nearest(plugin, known)
        hint = f"did you mean {close!r}?" if close else "a plugin offers one with the hook zoo_importer"
        raise UnknownKindError("importer", f"one of {', '.join(known)}", show(plugin), hint)

    def _importers(self, plugin: str) -> list[pluggy.HookImpl]:
        """The implementations of the hook by ``plugin``: one or none."""
        return [impl for impl in self._hooked("zoo_importer") if impl.plugin_name == plugin]

    def recording_readers(self) -> list[RecordingReader]:
        """Readers of recordings of every plugin that loads, by plugin. Raises PluginError."""
        self.load_all()
        reader: type[RecordingReader] = RecordingReader  # type: ignore[type-abstract]  # nothing calls it
        return [one for impl in self._hooked("zoo_recordings") for one in offers(impl, "zoo_recordings", reader)]

    def models(self) -> dict[str, OfferedModel]:
        """Trained models of every plugin that loads, by name. Raises PluginError, also for a name given twice."""
        self.load_all()
        found: dict[str, OfferedModel] = {}
        for implementation in self._hooked("zoo_models"):
            plugin = implementation.plugin_name
            for card in offers(implementation, "zoo_models", ModelCard):
                model = OfferedModel(card, plugin, self.distribution(plugin) or "an unnamed distribution")
                first = found.setdefault(card.name, model)
                if first is not model:
                    both = f"{first.distribution} and {model.distribution}"
                    raise PluginError(f"model {card.name}", "one model of that name", both, "uninstall one of them")
        return dict(sorted(found.items()))

    def _hooked(self, hook: str) -> list[pluggy.HookImpl]:
        """The implementations of ``hook`` by loaded plugins, in the order of their names."""
        found: list[pluggy.HookImpl] = getattr(self._plugins.hook, hook).get_hookimpls()
        return sorted(found, key=lambda implementation: implementation.plugin_name)

    def model(self, data: object) -> ModelSpec:
        """Validate plain JSON data as a model spec. Raises SpecError or PluginError."""
        self._load_kinds(data, "model", "")
        return self._validate(self._narrowed(ModelSpec, "model"), data)

    def run(self, data: object) -> RunSpec:
        """Validate plain JSON data as a run spec. Raises SpecError or PluginError."""
        data = respelled(data)
        if isinstance(data, dict):
            self._load_kinds(data.get("model"), "model", "model.")
            self._load_kinds(data.get("data"), "data", "data.")
            self._load_kinds(data, "run", "")
        return self._validate(self._narrowed(RunSpec, "run"), data)

    def data(self, data: object) -> DataSpec:
        """Validate plain JSON data as the ``data`` part of a run. Raises SpecError or PluginError."""
        part = respelled({"data": data})
        self._load_kinds(part["data"], "data", "data.")
        return self._validate(_part_of(self._narrowed(DataSpec, "data")), part).data

    def migrate(self, stored: Mapping[str, Any], home: Home = "model") -> dict[str, Any]:
        """The complete spec of a ``home`` stored by an earlier version, plus the fields its components have gained.

        Parts unknown to the installed components are returned unchanged, and `model` or `data` refuses them.
        """
        found = dict(stored)
        for role in roles_of(home):
            field = field_of(role)
            if found.get(field) is not None:
                found[field] = self._completed(found[field], role)
        return found

    def _completed(self, part: Any, role: str) -> Any:
        """The plain spec of one component, or of a list of them, with the fields that they have gained."""
        if isinstance(part, list | tuple):
            return [self._completed(one, role) for one in part]
        spec = self._known(part.get("kind"), role) if isinstance(part, Mapping) else None
        if spec is None:
            return part
        inner = {
            field: self._completed(part[field], inner)
            for field, inner in inner_roles(spec).items()
            if part.get(field) is not None
        }
        return {**spec.gained, **part, **inner}

    def _known(self, kind: object, role: str) -> type[ComponentSpec] | None:
        try:
            return self.find(kind, role)
        except (SpecError, PluginError):
            return None

    def run_type(self) -> type[RunSpec]:
        """RunSpec over every installed component."""
        self.load_all()
        return self._narrowed(RunSpec, "run")

    def schema(self, what: str) -> dict[str, Any]:
        """JSON schema of a ``model`` or ``run`` spec over every installed component."""
        self.load_all()
        return self._narrowed(Spec, "model" if what == "model" else "run").model_json_schema()

    def _load_kinds(self, data: object, home: Home, prefix: str) -> None:
        """Load the plugins of the components in ``data``, a plain spec of ``home`` whose path is ``prefix``."""
        if not isinstance(data, dict):
            return
        for role in roles_of(home):
            field = field_of(role)
            for where, part in _parts(data.get(field), prefix + field):
                self._load_kind(part, role, where)

    def _load_kind(self, part: object, role: str, where: str) -> None:
        """Load the plugins of a component and of those in it."""
        if not isinstance(part, dict) or "kind" not in part:
            raise SpecError(where, 'an object with a "kind"', show(part), f"`zoo list {role}` shows the kinds")
        for field, inner in inner_roles(self.find(part["kind"], role, f"{where}.kind")).items():
            for place, one in _parts(part.get(field), f"{where}.{field}"):
                self._load_kind(one, inner, place)

    def _narrowed(self, spec: type[AnySpec], home: Home) -> type[AnySpec]:
        kinds = tuple((role, tuple(known.values())) for role, known in self._kinds.items())
        return cast(type[AnySpec], narrow(home, kinds))

    def _validate(self, spec: type[AnySpec], data: object) -> AnySpec:
        if not isinstance(data, dict):
            raise SpecError("spec", "a JSON object", type(data).__name__, "`zoo schema` describes it")
        try:
            return spec.model_validate(data)
        except ZooError:
            raise
        except ValidationError as error:
            raise explain(error, spec, data) from None
        except RecursionError:
            raise SpecError("spec", "a flat spec", "one nested too deeply", "`zoo schema` describes it") from None


@cache
def _part_of(data: type[DataSpec]) -> type[_DataPart]:
    return cast(type[_DataPart], replaced(_DataPart, {DataSpec: data}))


def _parts(given: object, where: str) -> Iterator[tuple[str, object]]:
    """The component or the list of components in a field, each with its path."""
    if isinstance(given, list | tuple):
        yield from ((f"{where}.{index}", part) for index, part in enumerate(given))
    elif given is not None:
        yield where, given


def _distribution(entry: EntryPoint) -> str:
    return _metadata(entry.dist)[0] if entry.dist else "an unnamed distribution"


def _version(entry: EntryPoint) -> str:
    return _metadata(entry.dist)[1] if entry.dist else "unknown"


@cache
def _metadata(distribution: Distribution) -> tuple[str, str]:
    """Name and version; each access parses the whole file, and one distribution may have many plugins."""
    return distribution.name, distribution.version
