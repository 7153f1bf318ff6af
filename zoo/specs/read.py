"""Read spec files: of a model, a run, a bundle or a run folder. Never imports torch."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from zoo_registry import DataError, DataSpec, ModelSpec, Registry, RunSpec, SpecError
from zoo_registry.component import Home
from zoo_registry.earlier import respelled

from zoo.io.files import current, open_file
from zoo.specs.offered import folder_named
from zoo.specs.overrides import apply_changes
from zoo.specs.places import claims, inferred, other_formats, short, shorthand, way_on

Stored = TypeVar("Stored", bound=BaseModel)
Source = dict[str, Any] | str | Path
_LARGEST_FILE = 16 * 2**20
_LARGEST_RESULT = 2**28
"""Largest file in bytes that the zoo wrote itself: reports with a thousand classes must be readable."""
_SAVED_AS = ("spec.json", "run.json")
_PARTS: tuple[Home, ...] = ("model", "data")
_LEFT_OUT: dict[str, Any] = {"data": {"split": {}, "length": {}}}
"""Defaults of parts that a data spec may leave out, so that one field of them can be changed."""


def read_result(path: Path) -> Any:
    """The content of a JSON file that the zoo wrote; raises SpecError as ``read_json`` does."""
    return read_json(path, _LARGEST_RESULT)


def read_json(path: Path, largest: int = _LARGEST_FILE) -> Any:
    """The content of a JSON file of at most ``largest`` bytes.

    Raises SpecError when there is none, or when a name occurs twice in an object.
    """
    text = _read_text(path, largest)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SpecError(str(path), "valid JSON", str(error), "correct the file at that place") from None


def validated(path: Path, kind: type[Stored], content: object, command: str) -> Stored:
    """``content`` of ``path``, which ``command`` wrote, as a ``kind``; raises DataError if it has another format."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        found = f"an invalid {field}" if field else type(content).__name__
        raise DataError(str(path), "what this version writes", found, f"write it again with `{command}`") from None


def load_spec(source: Source) -> object:
    """Plain data as given, or read from a file, from the folder of a bundle or run, or from a model by its name or its
    address."""
    if isinstance(source, dict):
        return source
    path = current(folder_named(source))
    data = read_json(_spec_file(path) if path.is_dir() else path)
    if not isinstance(data, dict):
        return data
    # The run.json of a run folder contains the spec beside facts from the start of training.
    if {"run", "fingerprint"} <= data.keys():
        return migrated(data)["run"]
    return _migrated(data) if "sha256" in data else data


def migrated(stored: dict[str, Any]) -> dict[str, Any]:
    """The content of a `run.json` of any version, with its model and its data as this version writes them."""
    return stored | {"run": _migrated(stored["run"])}


def _migrated(data: Any) -> Any:
    """``data`` with the components of its model, its data and the run itself migrated, where there are any."""
    if not isinstance(data, dict):
        return data
    registry = Registry.discover()
    found = registry.migrate(respelled(data), "run")
    return found | {part: registry.migrate(found[part], part) for part in _PARTS if isinstance(found.get(part), dict)}


def is_run(data: object) -> bool:
    """Whether plain data is a run spec, rather than a model spec or the description of a bundle."""
    return isinstance(data, dict) and "model" in data and "sha256" not in data


def read_spec(source: Source, registry: Registry, changes: Sequence[str] = ()) -> ModelSpec | RunSpec:
    """The run spec of a run file, else the model spec of a model file or bundle, with ``changes`` applied."""
    data = load_spec(source)
    read = registry.run if is_run(data) else registry.model
    data = data if is_run(data) else _model_part(data)
    if changes and isinstance(data, dict):
        spec = read(data)
        data = apply_changes(data, changes, spec.dump(), type(spec))
    return read(data)


def read_model(source: Source, registry: Registry) -> ModelSpec:
    """A model spec from a model file, from a bundle or its `spec.json`, or from the model of a run."""
    return registry.model(_model_part(load_spec(source)))


def read_run(source: Source, registry: Registry, changes: Sequence[str] = ()) -> RunSpec:
    """A run spec from a run file, with ``changes`` such as `training.epochs=5`; raises SpecError for a model."""
    data = load_spec(source)
    if isinstance(data, dict) and not is_run(data):
        hint = 'wrap the model as {"model": ..., "data": ...}; `zoo schema run` describes it'
        raise SpecError("spec" if isinstance(source, dict) else str(source), "a run spec", "a model", hint)
    if changes and isinstance(data, dict):
        run = registry.run(data)
        data = apply_changes(data, changes, run.dump(), type(run))
    return registry.run(data)


def read_data(source: Source, registry: Registry, changes: Sequence[str] = ()) -> DataSpec:
    """A data spec from a file of one, from the data of a run, or from `KIND:PLACE` such as `ts:folder`.

    ``changes`` are written as for a run, such as `data.length.to=512`. Raises SpecError.
    """
    few = shorthand(source, registry) if isinstance(source, str) else None
    data = few or _data_part(source, registry)
    if changes and isinstance(data, dict):
        data = apply_changes({"data": data}, changes, _LEFT_OUT, registry.run_type())["data"]
    return registry.data(inferred(data, registry) if few and isinstance(data, dict) else data)


def _data_part(source: Source, registry: Registry) -> object:
    if isinstance(source, str | Path):
        _require_ours(current(Path(source)), str(source), registry)
    data = load_spec(source)
    if isinstance(data, dict) and "sha256" in data:
        raise SpecError(str(source), "data or a run", "a bundle", "name a data spec or a run")
    return data.get("data") if isinstance(data, dict) and is_run(data) else data


def _require_ours(path: Path, named: str, registry: Registry) -> None:
    """Raise SpecError for a folder or a file that contains data instead of a spec."""
    foreign = path.is_dir() and not any((path / name).is_file() for name in _SAVED_AS)
    if path.suffix == ".json" or not (foreign or path.is_file()):
        return
    kinds, other = claims(path, registry), other_formats(path)
    if foreign or kinds or other:
        found = f"data of the kind {' or '.join(kinds)}" if kinds else other or "another folder"
        hint = f"name its format, such as {short(kinds[0]) if kinds else 'ts'}:{named}"
        hint = way_on(path, registry) if other and not kinds else hint
        raise SpecError(named, "a JSON file, the folder of a run, or KIND:PLACE", found, hint)


def _model_part(data: object) -> object:
    return data["model"] if isinstance(data, dict) and "model" in data else data


def _read_text(path: Path, largest: int) -> str:
    try:
        with open_file(path) as file:
            if os.fstat(file.fileno()).st_size > largest:
                hint = "name a spec; weights and data lie beside it"
                raise SpecError(str(path), "a JSON file", f"more than {largest // 2**20} MiB", hint)
            content = file.read(largest)
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise SpecError(str(path), "a JSON file", "no such file", "check the path") from None
    except IsADirectoryError:
        raise SpecError(str(path), "a JSON file", "a folder", "name the file in it") from None
    except UnicodeDecodeError as error:
        found = f"{error.reason} at byte {error.start}"
        raise SpecError(str(path), "JSON in UTF-8", found, "save the file as UTF-8") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        raise SpecError(
            repr(str(path)), "a readable JSON file", _reason(error), "check the path and its permissions"
        ) from None


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _spec_file(folder: Path) -> Path:
    for name in _SAVED_AS:
        if (folder / name).is_file():
            return folder / name
    raise SpecError(str(folder), f"a JSON file, or a folder with {' or '.join(_SAVED_AS)}", "neither", "check the path")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name!r} twice in one object")
        found[name] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is not valid JSON")
