"""Errors of a set inside a mix, with the field of the mix that names it."""

from collections.abc import Iterator
from contextlib import contextmanager

from zoo_registry import ZooError

_FIELD = "data.source"


@contextmanager
def within(field: str | None) -> Iterator[None]:
    """Errors inside name ``field`` of the mix, such as `sources.2`; None: a set in a subfolder, which has no field."""
    try:
        yield
    except ZooError as error:
        where, expected, found, hint = (str(part) for part in error.args)
        if field is None:
            if _FIELD in hint:
                hint = f"correct it; or name it in {_FIELD}.leave_out, and list it in {_FIELD}.sources with its fields"
            raise type(error)(where, expected, found, hint) from None
        place = f"{_FIELD}.{field}"
        where = where.replace(_FIELD, place, 1) if where.startswith(_FIELD) else f"{place}, {where}"
        raise type(error)(where, expected, found, hint.replace(f"{_FIELD}.", f"{place}.")) from None
