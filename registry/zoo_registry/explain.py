"""Turn pydantic's report of a bad spec into the zoo's one line."""

from collections.abc import Collection, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from zoo_registry.errors import SpecError, show
from zoo_registry.suggest import nearest

_TAGS = ("kind", "format")


def explain(error: ValidationError, spec: type[BaseModel], data: object) -> SpecError:
    """The gravest problem of ``error``, raised by ``spec`` for ``data``, with the field's path as users write it.

    The deepest, because of the alternatives of a union that is the one the user meant; and a misspelt field before
    the missing field that it is.
    """
    problems = error.errors(include_url=False)
    worst = max(problems, key=lambda problem: (len(problem["loc"]), problem["type"] == "extra_forbidden"))
    path, holder = _follow(worst, data)
    others = {tuple(_follow(problem, data)[0]) for problem in problems}
    more = sum(other != tuple(path[: len(other)]) for other in others)
    found = _found(worst) + (f" (and {more} more)" if more else "")
    return SpecError(".".join(path) or "spec", _expected(worst), found, _hint(worst, spec, path, holder))


def _follow(problem: ErrorDetails, data: object) -> tuple[list[str], object]:
    """The path of ``problem`` in ``data``, and the object that holds its last step.

    Left out is what pydantic puts in: the tags of unions told apart by a field, and the names of types.
    """
    path: list[str] = []
    holder = here = data
    told = False
    for step in problem["loc"]:
        if not told and isinstance(here, dict) and step in [here.get(tag) for tag in _TAGS]:
            told = True
        elif _holds(here, step):
            path.append(str(step))
            holder, here, told = here, here[step], False  # type: ignore[index]
    if problem["type"] == "missing":
        return [*path, str(problem["loc"][-1])], here
    return path, holder


def _holds(here: object, step: int | str) -> bool:
    if isinstance(here, list | tuple):
        return isinstance(step, int) and step < len(here)
    return isinstance(here, dict) and step in here


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


def _hint(problem: ErrorDetails, spec: type[BaseModel], path: list[str], holder: object) -> str:
    if problem["type"] == "extra_forbidden" and (close := nearest(path[-1], _fields(spec, path, holder))):
        return f"did you mean {close!r}?"
    kind = holder.get("kind") if isinstance(holder, dict) else None
    if isinstance(kind, str) and "." in kind:
        return f"`zoo show {kind}` lists its fields"
    return "`zoo schema` describes every field"


def _fields(spec: type[BaseModel], path: list[str], holder: object) -> Collection[str]:
    """Names of the fields that ``holder``, which lies at ``path`` without its last step, may have."""
    models = [spec]
    for step in path[:-1]:
        parts = [model.model_fields[step].annotation for model in models if step in model.model_fields]
        models = [model for part in parts for model in _models(part)] or models
    tags = [holder.get(tag) for tag in _TAGS] if isinstance(holder, dict) else []
    told = [m for m in models if any(t in m.model_fields and m.model_fields[t].default in tags for t in _TAGS)]
    return {name for model in told or models for name in model.model_fields}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def unknown(where: str, what: str, name: object, known: Collection[str], hint: str) -> SpecError:
    """The error for a name that is not among ``known``, with the nearest one suggested."""
    close = nearest(str(name), known)
    return SpecError(where, what, show(name), f"did you mean {close!r}?" if close else hint)
