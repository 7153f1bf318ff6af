"""Turn pydantic's report of a bad spec into the zoo's one line."""

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from zoo_registry.errors import SpecError
from zoo_registry.suggest import nearest


def explain(error: ValidationError, root: str = "") -> SpecError:
    """The first problem of ``error`` as a SpecError, with the field's path as users write it."""
    problems = error.errors(include_url=False)
    first = problems[0]
    where = ".".join([*([root] if root else []), *_path(first)]) or "spec"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return SpecError(where, _expected(first), _found(first) + more, _hint(first))


def _path(problem: ErrorDetails) -> list[str]:
    """Location without the tags that discriminated unions put in: those are kinds, which hold a dot, or formats."""
    path: list[str] = []
    for step in problem["loc"]:
        text = str(step)
        if "." in text or text in {"function-after", "constrained-str"} or text.startswith("tagged-union["):
            continue
        path.append(text)
    return path


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
        return repr(str(problem["loc"][-1]))
    return repr(problem["input"])


def _hint(problem: ErrorDetails) -> str:
    kinds = [str(step) for step in problem["loc"] if "." in str(step)]
    if kinds:
        return f"`zoo show {kinds[-1]}` lists its fields"
    return "`zoo schema` describes every field"


def unknown(where: str, what: str, name: Any, known: Sequence[str] | Collection[str], hint: str) -> SpecError:
    """The error for a name that is not among ``known``, with the nearest one suggested."""
    close = nearest(str(name), known)
    return SpecError(where, what, repr(name), f"did you mean {close!r}?" if close else hint)
