"""The actions of every class of a data set, read from a file or from the texts that come with the zoo."""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from zoo_registry import SpecError, Vocabulary, ZooNote, normal_text
from zoo_registry.explain import unknown
from zoo_registry.suggest import nearest

from zoo.texts.schema import Activity, AnyAction, Keyword, Limbs, Use, read_activities

MOST_DISTINCT, MOST_TEXTS = 1000, 5000
"""Distinct actions of a file, of which every pair is compared, and all actions, each of which is embedded."""
_SHIPPED = Path(str(files("zoo.texts") / "shipped"))
_SHOWN = 5
Read = Sequence[Activity[AnyAction]]


@dataclass(frozen=True)
class Actions:
    """Actions by class, in the order of the classes of the data.

    ``texts`` are the actions of each class, in their order and spelling; their number may differ. ``titles`` are
    readable names of classes that have one.
    """

    texts: Mapping[str, tuple[str, ...]]
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(self.texts)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The distinct texts, and the numbers of each class."""
        return Vocabulary.of(self.texts)

    @property
    def distinct(self) -> tuple[str, ...]:
        """Every text once, in order of first appearance; spellings that Unicode calls equivalent are one text."""
        return self.vocabulary.texts

    @property
    def numbers(self) -> Mapping[str, tuple[int, ...]]:
        """The actions of each class as numbers of ``distinct``."""
        return dict(zip(self.texts, self.vocabulary.numbers, strict=True))

    @cached_property
    def uses(self) -> tuple[int, ...]:
        """The number of classes that have each of ``distinct``."""
        counts = Counter(number for numbers in self.vocabulary.numbers for number in set(numbers))
        return tuple(counts[number] for number in range(len(self.distinct)))


def shipped() -> list[str]:
    """Names of the texts that come with the zoo."""
    return sorted(path.stem for path in _SHIPPED.glob("*.json"))


def read_actions(source: str | Path, class_names: Sequence[str] | None = None, use: Use = "both") -> Actions:
    """The actions in the file ``source``, or of that shipped name, in the order of ``class_names``.

    ``use`` chooses limbs in a file with Arm and Leg. Without ``class_names``, classes are in the order of the file.
    Raises SpecError with the place in the file for anything that is no such file, and unless its classes equal
    ``class_names`` exactly.
    """
    named = str(source)
    read = read_activities(_path(source), named)
    _require_single(read, named)
    texts = {one.action_label: tuple(_text(action, use, named) for action in one.sub_actions) for one in read}
    titles = {one.action_label: one.title for one in read if one.title is not None}
    if class_names is not None:
        known = {normal_text(name): name for name in class_names}
        _require_same(texts, list(known), named)
        texts = {name: texts[label] for label, name in known.items()}
        titles = {name: titles[label] for label, name in known.items() if label in titles}
    found = Actions(texts, titles)
    _require_few(found, named)
    _compare_marks(read, found, named)
    return found


def _path(source: str | Path) -> Path:
    path, names = Path(source), shipped()
    if str(source) in names and not path.is_file():
        return _SHIPPED / f"{source}.json"
    if not path.exists() and not path.suffix:
        expected = f"a file of texts, or one of {', '.join(names)}"
        raise unknown(str(source), expected, str(source), names, "`zoo text --help` explains the command")
    return path


def _text(action: AnyAction, use: Use, named: str) -> str:
    if isinstance(action, Limbs):
        return action.text(use)
    if use != "both":
        hint = f"write Arm and Leg in it, or leave out the choice of {use}"
        raise SpecError(named, f"actions by limbs, as {use} is chosen", "actions without limbs", hint)
    return action if isinstance(action, str) else action.keyword


def _require_few(actions: Actions, named: str) -> None:
    every, distinct = sum(map(len, actions.texts.values())), len(actions.distinct)
    for what, count, most in (("actions", every, MOST_TEXTS), ("distinct actions", distinct, MOST_DISTINCT)):
        if count > most:
            hint = "write fewer, or share them between classes"
            raise SpecError(named, f"at most {most:,} {what}", f"{count:,}", hint)


def _require_single(read: Read, named: str) -> None:
    first: dict[str, int] = {}
    for number, activity in enumerate(read):
        name = activity.action_label
        if name in first:
            found = f"{name!r} again, as in activities.{first[name]}"
            raise SpecError(
                f"{named}: activities.{number}.action_label", "every class once", found, "join or remove one"
            )
        first[name] = number


def _require_same(texts: Mapping[str, object], names: Sequence[str], named: str) -> None:
    """Raise SpecError for the first class that is in ``texts`` alone, then for those that are in ``names`` alone."""
    extra = next(((number, name) for number, name in enumerate(texts) if name not in names), None)
    missing = [name for name in names if name not in texts]
    if extra is not None:
        number, name = extra
        if all(map(_is_number, names)):
            raise _numbers(named, names)
        folded = next((known for known in missing if known.casefold() == name.casefold()), None)
        close = folded or nearest(name, missing) or nearest(name, names)
        hint = f"did you mean {close!r}?" if close else f"the data have {_some(names)}"
        where = f"{named}: activities.{number}.action_label"
        raise SpecError(where, "the exact name of a class of the data", repr(name), hint)
    if missing:
        hint = "write actions for every class of the data"
        raise SpecError(f"{named}: activities", f"all {len(names)} classes of the data", f"no {_some(missing)}", hint)


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).removeprefix("-").isdecimal()


def _numbers(named: str, names: Sequence[str]) -> SpecError:
    """The error for data whose classes have no names."""
    found = f"the numbers {_some(names)} as classes of the data"
    hint = "name them: one name per line in classes.txt in the folder of the data, and data.source.classes=classes.txt"
    return SpecError(named, "data with class names", found, hint)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _compare_marks(read: Read, actions: Actions, named: str) -> None:
    """Note how many marks `shared` the texts of the other classes contradict; the texts decide."""
    number = {normal_text(text): index for index, text in enumerate(actions.distinct)}
    wrong: list[tuple[str, bool]] = []
    for at, activity in enumerate(read):
        for place, action in enumerate(activity.sub_actions):
            if isinstance(action, Keyword) and action.shared != (actions.uses[number[normal_text(action.keyword)]] > 1):
                wrong.append((f"activities.{at}.sub_actions.{place}", action.shared))
    if wrong:
        alone = sum(shared for _, shared in wrong)
        counts = f"{alone} marked as shared that no other class has, {len(wrong) - alone} not marked that others have"
        note = f"{named}: {counts}; the first is {wrong[0][0]}. The texts decide, not the marks"
        warnings.warn(note, ZooNote, stacklevel=3)
