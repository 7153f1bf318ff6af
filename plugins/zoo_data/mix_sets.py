"""The sets of a mix: those that its spec lists, and those in the subfolders of its folder."""

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zoo_registry import DataError, SourceSpec, SpecError, ZooNote, nearest

from zoo.sources import folder_of, visible
from zoo_data.mix_errors import within
from zoo_data.mix_spec import MixSource
from zoo_data.specs import MatSource, NpySource, TsSource

_KINDS: Sequence[type[SourceSpec]] = (TsSource, NpySource, MatSource)
_CONTENT = "NAME_TRAIN.ts, X_train.npy or windows as .mat"


class OneSet(NamedTuple):
    """A set, its name, and the field that lists it, such as `sources.2`; None for a set in a subfolder."""

    name: str
    field: str | None
    source: SourceSpec


def sets_of(mix: MixSource) -> list[OneSet]:
    """The subfolders by name, then the listed sets. Raises DataError for a folder that cannot be read, and SpecError
    for a set that is listed twice and for a name that no set has."""
    listed = [OneSet(_name(one), f"sources.{index}", one) for index, one in enumerate(mix.sources)]
    found = [*_in_folder(mix), *listed]
    _require_different(found)
    names = Counter(one.name for one in found)
    for name in mix.weights:
        if names[name] != 1:
            seen = f"{names[name] or 'no'} sets of that name"
            raise _unknown(f"data.source.weights.{name}", "the name of one set", name, list(names), seen)
    return found


def _name(source: SourceSpec) -> str:
    return source.location if source.place is None else source.place.resolve().name


def _in_folder(mix: MixSource) -> list[OneSet]:
    if mix.path is None:
        return []
    holding = f"a set in every subfolder, such as {_CONTENT}"
    folder = folder_of(mix.path, holding)
    places = [path for path in visible(folder, "*") if path.is_dir()]
    for name in mix.leave_out:
        if name not in (known := [path.name for path in places]):
            raise _unknown("data.source.leave_out", f"a subfolder of {folder}", name, known, repr(name))
    found = {path: _source(path) for path in places if path.name not in mix.leave_out}
    if other := [path.name for path, source in found.items() if source is None]:
        names = f"{', '.join(other[:3])}{f' and {len(other) - 3} more' if len(other) > 3 else ''}"
        warnings.warn(f"{folder}: no set in {names}; nothing is read there", ZooNote, stacklevel=2)
    sets = [OneSet(path.name, None, source) for path, source in found.items() if source is not None]
    if not sets:
        seen = ", ".join(path.name for path in places[:3]) or "no subfolder"
        raise DataError(str(folder), f"a folder with {holding}", seen, "check data.source.path")
    return sets


def _source(place: Path) -> SourceSpec | None:
    """The source of the set in a subfolder; None if there is none."""
    kinds = [kind for kind in _KINDS if kind.claims(place)]
    if len(kinds) > 1:
        found = " and ".join(str(kind.model_fields["kind"].default) for kind in kinds)
        hint = "name it in data.source.leave_out, and list it in data.source.sources"
        raise DataError(str(place), "data of one kind", found, hint)
    if not kinds:
        return None
    given: dict[str, Any] = {"kind": kinds[0].model_fields["kind"].default, "path": str(place)}
    with within(None):
        return kinds[0].model_validate(kinds[0].infer({"source": given})["source"])


def _require_different(sets: Sequence[OneSet]) -> None:
    """Raise SpecError for a listed set that is also in a subfolder, or listed by another spelling of its place."""
    seen: list[tuple[Path | str, dict[str, Any]]] = []
    for one in sets:
        source = one.source
        place = source.location if source.place is None else source.place.resolve()
        identity = (place, source.model_dump(exclude={source.locator}))
        if identity in seen:
            hint = "remove it from data.source.sources; data.source.weights gives a set a larger share"
            raise SpecError(f"data.source.{one.field}", "another set", f"{source.location} again", hint)
        seen.append(identity)


def _unknown(where: str, expected: str, name: str, known: Sequence[str], found: str) -> SpecError:
    close = nearest(name, known)
    hint = f"did you mean {close!r}?" if close and close != name else f"the sets are {', '.join(known[:20])}"
    return SpecError(where, expected, found, hint)
