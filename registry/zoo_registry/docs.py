"""The strings under a spec's fields, read from the source code on demand.

Pydantic would read them at every class definition, which took a third of the time of `zoo list`.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from types import FunctionType, ModuleType

from pydantic import BaseModel


def descriptions(spec: type[BaseModel]) -> Mapping[str, str]:
    """Description of each field of ``spec`` by name, from its class or the nearest base."""
    found: dict[str, str] = {}
    for base in reversed(spec.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel and base.__module__ in sys.modules:
            found |= _documented(sys.modules[base.__module__]).get(base.__qualname__, {})
    given = {name: field.description for name, field in spec.model_fields.items() if field.description}
    return {name: text for name, text in (found | given).items() if name in spec.model_fields}


def docstring(documented: type | FunctionType) -> str:
    """Docstring of a class or function; read from its source if `PYTHONOPTIMIZE=2` removed it."""
    if documented.__doc__:
        return inspect.cleandoc(documented.__doc__)
    module = sys.modules.get(documented.__module__)
    return _docstrings(module).get(documented.__qualname__, "") if module else ""


@cache
def _docstrings(module: ModuleType) -> Mapping[str, str]:
    """Docstrings of the top-level classes and functions of ``module`` by name; empty if there is no source."""
    found = {}
    for node in _parsed(module).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = ast.get_docstring(node) or ""
    return found


@cache
def _documented(module: ModuleType) -> Mapping[str, Mapping[str, str]]:
    """Field strings by the qualified names of the classes in ``module``; empty if there is no source."""
    return {name: dict(_fields(node)) for name, node in _classes(_parsed(module), "")}


def _parsed(module: ModuleType) -> ast.Module:
    try:
        return ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return ast.Module(body=[], type_ignores=[])


def _classes(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield prefix + child.name, child
            yield from _classes(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef):
            yield from _classes(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.stmt):
            yield from _classes(child, prefix)


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
