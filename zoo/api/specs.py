"""List installed components, and check specs before anything is built."""

from zoo_registry import ROLES, ModelSpec, Registry, RunSpec
from zoo_registry.docs import docstring
from zoo_registry.explain import unknown

from zoo.specs.read import Source, read_spec
from zoo.texts.filling import with_data, with_words


def components(role: str | None = None) -> dict[str, str]:
    """Every installed component by kind, with a one-sentence description; only those of ``role`` if given.

    Plugins that cannot be loaded are left out; `zoo list` names them. Raises SpecError for an unknown role.
    """
    if role is not None and role not in ROLES:
        raise unknown("role", f"one of {', '.join(ROLES)}", role, list(ROLES), "None takes every role")
    registry = Registry.discover()
    roles = ROLES if role is None else (role,)
    kinds = [kind for each in roles for kind in registry.kinds(each)]
    return {kind: docstring(registry.find(kind)).partition("\n\n")[0].replace("\n", " ") for kind in kinds}


def check(spec: Source | ModelSpec | RunSpec) -> ModelSpec | RunSpec:
    """The complete spec of a model or a run, with all defaults, without building anything.

    ``spec`` is a spec, plain data, or the path of a JSON file, of a bundle or of a run. The input of a run is taken
    from its data, of which as little is read as their format allows. Raises ZooError for anything that is refused.
    """
    found = spec if isinstance(spec, ModelSpec | RunSpec) else read_spec(spec, Registry.discover())
    if isinstance(found, ModelSpec):
        if found.input is not None:
            found.trace()
        return with_words(found)
    from zoo.data import input_of

    return with_data(found, input_of(found.data))
