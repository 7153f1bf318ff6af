"""An axis of a sweep: its levels, each with a label and the fields of a run that it sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, JsonValue
from zoo_registry import SpecError
from zoo_registry.escaping import for_terminal
from zoo_registry.sweep import ChoicesSpec, GridSpec, IntervalSpec, Spacing, SweepSpec

_LONGEST_LABEL = 40


class Level(BaseModel, frozen=True):
    """One value of an axis: its label, the value of each path it sets, and its number if it is one."""

    label: str
    settings: dict[str, JsonValue]
    number: float | None = None


@dataclass(frozen=True)
class Axis:
    """One entry of ``vary``; ``levels`` is empty for an interval that is searched."""

    key: str
    name: str
    paths: tuple[str, ...]
    levels: tuple[Level, ...]
    interval: IntervalSpec | None = None
    integer: bool = False

    @property
    def numeric(self) -> bool:
        """Whether its levels are ordered numbers, or any number of an interval."""
        return self.interval is not None or all(level.number is not None for level in self.levels)

    def at(self, number: float) -> Level:
        """The level of a number, an integer if the axis is of integers, else with six significant digits."""
        value = round(number) if self.integer else _short(number)
        return Level(label=f"{value:g}", settings=dict.fromkeys(self.paths, value), number=value)

    def between(self, best: float, points: int, spacing: Spacing) -> list[Level]:
        """At most ``points`` new levels between the neighbours of ``best`` among the levels; fewer for integers."""
        known = sorted({best, *(level.number for level in self.levels if level.number is not None)})
        place = known.index(best)
        low, high = known[max(place - 1, 0)], known[min(place + 1, len(known) - 1)]
        found = [self.at(number) for number in spaced(low, high, points + 2, spacing)[1:-1]]
        return list({level.number: level for level in found if level.number not in known}.values())


def axes_of(spec: SweepSpec) -> list[Axis]:
    """An axis per entry of ``vary``; raises SpecError for values with the same label."""
    names = short_names(list(spec.vary))
    return [_axis(key, names[key], values) for key, values in spec.vary.items()]


def spaced(low: float, high: float, points: int, spacing: Spacing) -> list[float]:
    """``points`` numbers from ``low`` to ``high``, both included, in equal steps or by equal factors."""
    spread = np.geomspace if spacing == "log" and low > 0 else np.linspace
    return [float(number) for number in spread(low, high, points)]


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """The shortest unique endings of paths, such as `z` for `training.phases.0.weights.z`."""
    paths = {key: key.split(",")[0].strip().split(".") for key in keys}
    found: dict[str, str] = {}
    for key, parts in paths.items():
        endings = (".".join(parts[-length:]) for length in range(1, len(parts) + 1))
        taken = [".".join(other) for name, other in paths.items() if name != key]
        clear = (end for end in endings if not any(f".{name}".endswith(f".{end}") for name in taken))
        found[key] = next((end for end in clear if not end[0].isdigit()), key)
    return found


def _axis(key: str, name: str, values: Any) -> Axis:
    paths = tuple(path.strip() for path in key.split(","))
    if isinstance(values, ChoicesSpec):
        return Axis(key, name, paths, tuple(_choice(label, given) for label, given in values.choices.items()))
    if isinstance(values, IntervalSpec):
        return Axis(key, name, paths, (), values, values.integer)
    if isinstance(values, GridSpec):
        axis = Axis(key, name, paths, (), integer=values.integer)
        numbers = spaced(values.first, values.last, values.points, values.spacing)
        return Axis(key, name, paths, _once(key, [axis.at(number) for number in numbers]), integer=values.integer)
    whole = all(isinstance(value, int) for value in values)
    levels = [Level(label=label_of(v), settings=dict.fromkeys(paths, v), number=_number(v)) for v in values]
    return Axis(key, name, paths, _once(key, levels), integer=whole)


def _choice(label: str, settings: Mapping[str, JsonValue]) -> Level:
    return Level(label=label, settings=dict(settings))


def _once(key: str, levels: list[Level]) -> tuple[Level, ...]:
    labels = [level.label for level in levels]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        hint = "remove what is there twice, or give them names with choices"
        raise SpecError(f"vary.{key}", "values with different labels", f"{twice!r} twice", hint)
    return tuple(levels)


def label_of(value: JsonValue) -> str:
    """A value as text in a table: a component by its kind and its other fields, cut to 40 letters."""
    if isinstance(value, dict):
        kind = value.get("kind")
        rest = " ".join(f"{name}={label_of(part)}" for name, part in value.items() if name != "kind")
        text = f"{kind} {rest}".strip() if kind else rest or "{}"
    elif isinstance(value, list):
        text = ", ".join(map(label_of, value)) or "none"
    elif isinstance(value, bool) or value is None:
        text = {True: "true", False: "false", None: "null"}[value]
    else:
        text = for_terminal(value) if isinstance(value, str) else f"{value:g}"
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def _number(value: JsonValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _short(number: float) -> float:
    """``number`` with six significant digits, an int if it is whole: 9.9999999 is 10."""
    rounded = float(f"{number:.6g}")
    return int(rounded) if rounded.is_integer() else rounded
