"""Sizes of a preset that follow the data: what its components refuse is changed to the nearest size that they take."""

from collections.abc import Iterator, Mapping
from math import log
from typing import Any, NamedTuple

from zoo_registry import ROLES, InputSpec, Registry, ZooError

_FACTOR = 4
"""How far a size may be from that of the preset, or of the series' length where that is the smaller."""

Plain = dict[str, Any]


class Fitted(NamedTuple):
    """A run whose model takes the data, and what was changed, a sentence each."""

    run: Plain
    changes: list[str]


def fit(run: Mapping[str, Any], data: InputSpec, registry: Registry) -> Fitted:
    """``run`` as it is where its model takes ``data``, else with sizes that do.

    The components themselves say which sizes fit: of a size that is refused, the nearest that is not is taken, or what
    the component takes by default. Where there is none near, every series is brought to the nearest length that the
    sizes of the preset fit. Raises ZooError, the refusal that is left, where that helps neither.
    """
    bench = _Bench(registry, data)
    model, changes, error = dict(run["model"]), [], bench.refusal(run["model"])
    while error is not None:
        mended = next(bench.mends(model, error), None)
        if mended is None:
            return _resampled(run, bench, error)
        model, told, error = mended
        changes.append(told)
    return Fitted({**run, "model": model}, changes)


class _Mend(NamedTuple):
    model: Plain
    told: str
    left: ZooError | None
    """What is refused still: something of a later component, or nothing."""


class _Bench:
    """Tries models on one input, in integers."""

    def __init__(self, registry: Registry, data: InputSpec) -> None:
        self.registry = registry
        self.data = data

    def refusal(self, model: Mapping[str, Any], length: int | None = None) -> ZooError | None:
        """Why ``model`` does not take the data, brought to ``length`` where that is given; None where it does."""
        given = self.data.model_dump() | ({"length": length} if length else {})
        try:
            self.registry.model({**model, "input": given})
        except ZooError as error:
            return error
        return None

    def mends(self, model: Plain, error: ZooError) -> Iterator[_Mend]:
        """Models with one size changed that are refused no more, then those that are refused for a later component."""
        blamed, _, field = error.where.removeprefix("model.").partition(".")
        later = []
        for role, name in self._sizes(model, blamed, field):
            for value in self._values(model[role].get(name), model[role]["kind"], name):
                changed = {**model, role: _changed(model[role], name, value)}
                left = self.refusal(changed)
                mend = _Mend(changed, self._told(changed, model, role, name, error), left)
                if left is None:
                    yield mend
                elif _place(left) > _place(error):
                    later.append(mend)
        yield from later

    def _sizes(self, model: Plain, blamed: str, field: str) -> Iterator[tuple[str, str]]:
        """Sizes that may be at fault: the one that is named, then those that the preset gives, back from there."""
        if blamed in model and field in self._fields(model[blamed]["kind"]):
            yield blamed, field
        before = [role for role in ROLES if role in model]
        for role in reversed(before[: before.index(blamed) + 1] if blamed in before else before):
            for name, value in model[role].items():
                if isinstance(value, int) and not isinstance(value, bool) and (role, name) != (blamed, field):
                    yield role, name

    def _values(self, given: Any, kind: str, name: str) -> Iterator[int | None]:
        """Sizes near ``given``, the nearest first, then None, which leaves it to the component."""
        wanted = self._fields(kind)[name].default if given is None else given
        if isinstance(wanted, int) and wanted > 0:
            least = max(1, min(wanted, self.data.length) // _FACTOR)
            near = range(least, _FACTOR * wanted + 1)
            yield from sorted((n for n in near if n != wanted), key=lambda n: (abs(log(n / wanted)), n))
        if given is not None:
            yield None

    def _fields(self, kind: str) -> Mapping[str, Any]:
        return self.registry.find(kind).model_fields

    def _told(self, changed: Plain, model: Plain, role: str, name: str, error: ZooError) -> str:
        new, old = (part[role].get(name, "the default") for part in (changed, model))
        return f"model.{role}.{name} is {new}, not {old}: {error.where} expects {error.expected}"


def _resampled(run: Mapping[str, Any], bench: _Bench, error: ZooError) -> Fitted:
    length = bench.data.length
    for distance in range(1, length + 1):
        for to in (length - distance, length + distance):
            if 2 * to >= length and to >= 2 and bench.refusal(run["model"], to) is None:
                told = f"data.length.to is {to}, not {length}: {error.where} expects {error.expected}"
                step = {**(run["data"].get("length") or {}), "to": to}
                return Fitted({**run, "data": {**run["data"], "length": step}}, [told])
    raise error


def _changed(part: Plain, name: str, value: int | None) -> Plain:
    kept = {field: old for field, old in part.items() if field != name or value is not None}
    return kept if value is None else {**part, name: value}


def _place(error: ZooError) -> int:
    """Where in the forward pass the refused component comes."""
    role = error.where.removeprefix("model.").partition(".")[0]
    return list(ROLES).index(role) if role in ROLES else -1
