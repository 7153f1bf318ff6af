"""Errors that a user can act on: one line with the place, what was expected, what was found and the next step."""

from reprlib import Repr

from zoo_registry.escaping import for_terminal
from zoo_registry.redacted import redacted

_LONGEST_PART = 240
_LONGEST_READ = 4000
"""Characters of a part that are searched for secrets; far fewer are shown."""


class ZooError(Exception):
    """Base class of all deliberate errors of the zoo; the command line prints them without a traceback.

    Not a ValueError, so that pydantic passes it through a validator unchanged.
    """

    def __init__(self, where: str, expected: str, found: str, hint: str) -> None:
        super().__init__(where, expected, found, hint)
        self.where = where
        self.expected = expected
        self.found = found
        self.hint = hint

    def __str__(self) -> str:
        where, expected, found, hint = (_one_line(str(part)) for part in self.args)
        return f"{where}: expected {expected}, found {found}; {hint}"


class ZooNote(UserWarning):
    """A warning that does not stop the command; the command line prints it as `zoo: note: …`."""


class SpecError(ZooError):
    """A spec is malformed: unknown field, wrong type, value out of bounds."""


class UnknownKindError(SpecError):
    """A spec names a component that no installed plugin provides."""


class ShapeError(SpecError):
    """Two neighbouring components do not fit."""


class PluginError(ZooError):
    """A plugin could not be loaded or breaks the plugin contract."""


class DataError(ZooError):
    """A data set cannot be read, or does not match the spec."""


class BundleError(ZooError):
    """Stored weights cannot be read, or do not match the spec stored with them."""


class TrainingError(ZooError):
    """A run cannot start, cannot go on, or cannot be resumed."""


class DivergenceError(TrainingError):
    """A loss is no longer finite."""


def show(value: object) -> str:
    """``value`` as text, shortened; works for any size and nesting depth."""
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = 120
    try:
        return short.repr(value)
    except (ValueError, RecursionError):  # an int with thousands of digits
        return f"a huge {type(value).__name__}"


def _one_line(text: str) -> str:
    line = " ".join(redacted(text[:_LONGEST_READ]).split())
    line = line if len(line) <= _LONGEST_PART else f"{line[: _LONGEST_PART - 1]}…"
    return for_terminal(line)
