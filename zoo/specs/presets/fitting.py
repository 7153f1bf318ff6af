"""Adapt the sizes of a preset to the data: a refused size is changed to the nearest one that its component accepts."""

from collections.abc import Iterator, Mapping
from math import log
from typing import Any, NamedTuple

from zoo_registry import InputSpec, Registry, ZooError, roles_of

_FACTOR = 4
"""Largest distance of a size from that of the preset, or of the series' length if that is smaller."""

Plain = dict[str, Any]


class Fitted(NamedTuple):
    """A run whose model accepts the data, and a sentence for each change."""

    run: Plain
    changes: list[str]


def fit(run: Mapping[str, Any], data: InputSpec, registry: Registry) -> Fitted:
    """``run`` unchanged if its model accepts ``data``, else with sizes that fit.

    The components themselves decide which sizes fit: a refused size is replaced by the nearest accepted one, or by the
    component's default. If there is none near, every series is resampled to the nearest length that the preset's sizes
    fit. Raises the remaining ZooError if that fails too.
    """
    bench = _Bench(registry, data)
    model, changes, error = dict(run["model"]), [], bench.refusal(run["model"])
    while error is not None:
        mended = next(bench.mends(model, error), None)
        if mended is None:
            return _resampled(run, bench, error)
        model, change, error = mended
        changes.append(change)
    return Fitted({**run, "model": model}, changes)


class _Mend(NamedTuple):
    model: Plain
    change: str
    left: ZooError | None
    """The remaining refusal, by a later component, or None."""


class _Bench:
    """Tries models on one input, in integers."""

    def __init__(self, registry: Registry, data: InputSpec) -> None:
        self.registry = registry
        self.data = data

    def refusal(self, model: Mapping[str, Any], length: int | None = None) -> ZooError | None:
        """Why ``model`` refuses the data, resampled to ``length`` if given; None if it accepts them."""
        given = self.data.model_dump() | ({"length": length} if length else {})
        try:
            self.registry.model({**model, "input": given})
        except ZooError as error:
            return error
        return None

    def mends(self, model: Plain, error: ZooError) -> Iterator[_Mend]:
        """Models with one size changed that are accepted, then those that only a later component refuses."""
        blamed, _, field = error.where.removeprefix("model.").partition(".")
        later = []
        for role, name in self._sizes(model, blamed, field):
            for value in self._values(model[role].get(name), model[role]["kind"], name):
                changed = {**model, role: _changed(model[role], name, value)}
                left = self.refusal(changed)
                mend = _Mend(changed, self._sentence(changed, model, role, name, error), left)
                if left is None:
                    yield mend
                elif _place(left) > _place(error):
                    later.append(mend)
        yield from later

    def _sizes(self, model: Plain, blamed: str, field: str) -> Iterator[tuple[str, str]]:
        """Sizes that may be at fault: the one in the error, then those of the preset, backwards from there."""
        if blamed in model and field in self._fields(model[blamed]["kind"]):
            yield blamed, field
        before = [role for role in roles_of("model") if role in model]
        for role in reversed(before[: before.index(blamed) + 1] if blamed in before else before):
            for name, value in model[role].items():
                if isinstance(value, int) and not isinstance(value, bool) and (role, name) != (blamed, field):
                    yield role, name

    def _values(self, given: Any, kind: str, name: str) -> Iterator[int | None]:
        """Sizes near ``given``, the nearest first, then None, the component's default."""
        wanted = self._fields(kind)[name].default if given is None else given
        if isinstance(wanted, int) and wanted > 0:
            least = max(1, min(wanted, self.data.length) // _FACTOR)
            near = range(least, _FACTOR * wanted + 1)
            yield from sorted((n for n in near if n != wanted), key=lambda n: (abs(log(n / wanted)), n))
        if given is not None:
            yield None

    def _fields(self, kind: str) -> Mapping[str, Any]:
        return self.registry.find(kind).model_fields

    def _sentence(self, changed: Plain, model: Plain, role: str, name: str, error: ZooError) -> str:
        new, old = (part[role].get(name, "the default") for part in (changed, model))
        return f"model.{role}.{name} is {new}, not {old}: {error.where} expects {error.expected}"


def _resampled(run: Mapping[str, Any], bench: _Bench, error: ZooError) -> Fitted:
    length = bench.data.length
    for distance in range(1, length + 1):
        for to in (length - distance, length + distance):
            if 2 * to >= length and to >= 2 and bench.refusal(run["model"], to) is None:
                change = f"data.length.to is {to}, not {length}: {error.where} expects {error.expected}"
                step = {**(run["data"].get("length") or {}), "to": to}
                return Fitted({**run, "data": {**run["data"], "length": step}}, [change])
    raise error


def _changed(part: Plain, name: str, value: int | None) -> Plain:
    kept = {field: old for field, old in part.items() if field != name or value is not None}
    return kept if value is None else {**part, name: value}


def _place(error: ZooError) -> int:
    """Position in the forward pass of the refused component."""
    role = error.where.removeprefix("model.").partition(".")[0]
    roles = roles_of("model")
    return roles.index(role) if role in roles else -1
