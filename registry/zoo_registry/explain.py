"""Turn pydantic's report of an invalid spec into a one-line error."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from zoo_registry.errors import SpecError, show
from zoo_registry.suggest import nearest


def explain(error: ValidationError, spec: type[BaseModel], data: object) -> SpecError:
    """The most important problem of ``error``, raised by ``spec`` for ``data``, with the field's path as users write
    it.

    The deepest problem wins, because it belongs to the alternative of a union that the user meant. A misspelt field
    comes before the missing field that results from it.
    """
    problems = error.errors(include_url=False)
    worst = max(problems, key=lambda problem: (len(problem["loc"]), problem["type"] == "extra_forbidden"))
    place = _locate(worst, spec, data)
    others = {_locate(problem, spec, data).path for problem in problems}
    more = sum(other != place.path[: len(other)] for other in others)
    found = _found(worst) + (f" (and {more} more)" if more else "")
    return SpecError(".".join(place.path) or "spec", _expected(worst), found, _hint(worst, place))


@dataclass(frozen=True)
class _Place:
    """A path in a spec as users write it, and the specs that are valid at its last step."""

    path: tuple[str, ...]
    owners: tuple[type[BaseModel], ...]


def _locate(problem: ErrorDetails, spec: type[BaseModel], data: object) -> _Place:
    """Path of ``problem`` in ``data``, without the steps that pydantic adds: tags of unions and names of types."""
    path: list[str] = []
    owners: tuple[type[BaseModel], ...] = (spec,)
    models = owners
    tag_matched = False
    for step in problem["loc"]:
        tagged = tuple(m for m in models if step in _tags(m) or (len(models) > 1 and step == m.__name__))
        if tagged and not tag_matched:
            models, tag_matched = tagged, True
        elif _holds(data, step):
            path.append(str(step))
            owners, models, tag_matched = models, _parts(models, step) or models, False
            data = data[step]  # type: ignore[index]
    if problem["type"] == "missing":
        return _Place((*path, str(problem["loc"][-1])), models)
    return _Place(tuple(path), owners)


def _holds(data: object, step: int | str) -> bool:
    if isinstance(data, list | tuple):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def _tags(model: type[BaseModel]) -> list[str]:
    """The tag that identifies ``model`` in a union, if it has one."""
    default = model.model_fields["kind"].default if "kind" in model.model_fields else None
    return [default] if isinstance(default, str) else []


def _parts(models: tuple[type[BaseModel], ...], field: int | str) -> tuple[type[BaseModel], ...]:
    """The specs that are valid in ``field`` of any of ``models``."""
    annotations = [
        m.model_fields[field].annotation for m in models if isinstance(field, str) and field in m.model_fields
    ]
    return tuple(part for annotation in annotations for part in _models(annotation))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _expected(problem: ErrorDetails) -> str:
    match problem["type"]:
        case "missing":
            return "a value"
        case "extra_forbidden":
            return "a known field"
        case "union_tag_not_found":
            return f"an object with a {problem['ctx']['discriminator']}"
        case "union_tag_invalid":
            return f"{problem['ctx']['discriminator']} to be one of {problem['ctx']['expected_tags']}"
    message = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _found(problem: ErrorDetails) -> str:
    if problem["type"] == "missing":
        return "nothing"
    if problem["type"] == "extra_forbidden":
        return show(problem["loc"][-1])
    return show(problem["input"])


def _hint(problem: ErrorDetails, place: _Place) -> str:
    fields = {name for owner in place.owners for name in owner.model_fields}
    if problem["type"] == "extra_forbidden" and (close := nearest(place.path[-1], fields)):
        return f"did you mean {close!r}?"
    kinds = [tag for owner in place.owners for tag in _tags(owner) if "." in tag]
    return f"`zoo show {kinds[0]}` lists its fields" if len(kinds) == 1 else "`zoo schema` describes every field"


def unknown(where: str, what: str, name: object, known: Collection[str], hint: str) -> SpecError:
    """The error for a name that is not in ``known``, with the nearest one as a suggestion."""
    close = nearest(str(name), known)
    return SpecError(where, what, show(name), f"did you mean {close!r}?" if close else hint)
