"""Read spec files: a model, a run, or what a bundle or run folder saved. Never imports torch."""

import json
from pathlib import Path
from typing import Any

from zoo_registry import ModelSpec, Registry, RunSpec, SpecError


def read_json(path: Path) -> Any:
    """The content of a JSON file; raise SpecError when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(str(path), "a JSON file", "no such file", "check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(str(path), "a readable JSON file", str(error), "check the path and its rights") from None
    except (ValueError, RecursionError) as error:
        raise SpecError(str(path), "valid JSON", str(error), "mend the file at that place") from None


def load_spec(source: dict[str, Any] | str | Path) -> object:
    """Plain data as given, or read from a file."""
    return read_json(Path(source)) if isinstance(source, str | Path) else source


def is_run(data: object) -> bool:
    """Whether plain data is a run spec rather than a model spec."""
    return isinstance(data, dict) and "model" in data and "data" in data


def read_model(source: dict[str, Any] | str | Path, registry: Registry) -> ModelSpec:
    """A model spec from a model file, from the `spec.json` of a bundle, or from the model of a run."""
    data = load_spec(source)
    if isinstance(data, dict) and "model" in data:
        data = data["model"]
    return registry.model(data)


def read_run(source: dict[str, Any] | str | Path, registry: Registry) -> RunSpec:
    """A run spec from a run file; raise SpecError for a model spec."""
    data = load_spec(source)
    if isinstance(data, dict) and not is_run(data):
        hint = "wrap the model as {\"model\": ..., \"data\": ...}; `zoo schema run` describes it"
        raise SpecError(str(source) if isinstance(source, str | Path) else "spec", "a run spec", "no data", hint)
    return registry.run(data)
