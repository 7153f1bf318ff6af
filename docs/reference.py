"""Sections of the reference pages that come from the program: its commands, and the installed components.

A Sphinx extension. It appends the sections to the text of `commands.md` and `components.md` when these are read, so
that the pages cannot differ from the program. It also keeps autodoc from writing what names nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json import dumps
from typing import Any

import typer
from sphinx.application import Sphinx
from zoo_registry import ROLES, Registry
from zoo_registry.docs import docstring

from zoo.cli.describe import describe
from zoo.cli.main import COMMANDS, program


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _append)
    app.connect("autodoc-skip-member", _is_field_of_a_tuple)
    app.connect("autodoc-process-signature", _without_inherited)
    return {"parallel_read_safe": True}


def _append(app: Sphinx, page: str, source: list[str]) -> None:
    if page in _SECTIONS:
        source[0] += "\n" + "\n".join(_SECTIONS[page]()) + "\n"


def _is_field_of_a_tuple(app: Sphinx, kind: str, name: str, found: object, skip: bool, options: object) -> bool | None:
    """Skip the fields of named tuples: the signature above them has the same names and types."""
    return True if str(found.__doc__).startswith("Alias for field number") else None


def _without_inherited(app: Sphinx, kind: str, name: str, found: object, options: object, arguments: str | None,
                       returned: str | None) -> tuple[str, None] | None:  # fmt: skip
    """Hide the arguments that a class inherits from pydantic or torch, which name nothing."""
    return ("", None) if kind == "class" and arguments and re.match(r"\(\*\*data|\(\*args", arguments) else None


def _commands() -> Iterator[str]:
    """A section per panel of `zoo --help`, and in it one per command."""
    commands = typer.main.get_command(program()).commands
    for panel in dict.fromkeys(command.panel for command in COMMANDS.values()):
        yield f"\n## {panel}\n"
        for name in (name for name, command in COMMANDS.items() if command.panel == panel):
            yield from _command(f"zoo {name}", commands[name])
            for part, command in getattr(commands[name], "commands", {}).items():
                yield from _command(f"zoo {name} {part}", command)


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [part for part in command.params if part.param_type_name == "argument"]
    options = [part for part in command.params if part.param_type_name == "option" and part.help]
    words = [_argument(part) for part in arguments]
    yield f"\n### {name}\n"
    yield f"```text\n{' '.join([name, *words, '[OPTIONS]' if options else '']).rstrip()}\n```\n"
    yield f"{command.help}\n"
    rows = [(f"`{_argument(part)}`", _help(part)) for part in arguments]
    rows += [(f"`{_option(part)}`", _help(part)) for part in options]
    yield from _table(("argument or option", "meaning"), rows)


def _argument(part: Any) -> str:
    name = part.metavar or part.name.upper()
    return name if part.required else f"[{name}]"


def _option(part: Any) -> str:
    flag = isinstance(part.default, bool)
    return part.opts[0] if flag else f"{part.opts[0]} {part.metavar or part.name.upper()}"


def _help(part: Any) -> str:
    shown = part.default not in (None, False, "", (), []) and not callable(part.default)
    return part.help + (f" Default: `{part.default}`." if shown else "")


def _components() -> Iterator[str]:
    """A section per role, and in it one per installed component."""
    registry = Registry.discover()
    versions = registry.plugins()
    for role, base in ROLES.items():
        sentence, *_ = docstring(base).split("\n\n")
        yield f"\n## {role}\n\n{sentence}\n"
        for kind in registry.kinds(role):
            yield from _component(describe(registry.find(kind), versions))


def _component(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n### {found['kind']}\n\n{found['doc']}\n"
    yield f"- Reads: {found['reads']}\n- Returns: {found['returns']}"
    yield from (f"- Loss term `{name}`: {sentence}" for name, sentence in found["terms"].items())
    yield f"- Plugin: {found['plugin']} {found['version']}\n"
    rows = [(f"`{field['name']}`", field["type"], _default(field), field["description"]) for field in found["fields"]]
    yield from _table(("field", "type", "default", "meaning"), rows)


def _default(field: Mapping[str, Any]) -> str:
    return f"`{dumps(field['default'])}`" if "default" in field else "required"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    body = [_row(row) for row in rows]
    if body:
        yield "\n".join(["", _row(head), _row(["---"] * len(head)), *body, ""])


def _row(cells: Sequence[str]) -> str:
    escaped = (" ".join(cell.replace("|", r"\|").split()) for cell in cells)
    return f"| {' | '.join(escaped)} |"


_SECTIONS: Mapping[str, Callable[[], Iterator[str]]] = {"commands": _commands, "components": _components}
