"""The file of texts: activities with their actions, in one of three schemas."""

from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, Discriminator, Field, Tag, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from zoo_registry import SpecError, normal_text, show
from zoo_registry.component import Spec
from zoo_registry.escaping import for_terminal
from zoo_registry.suggest import listed, nearest

from zoo.specs.read import read_json

LONGEST, MOST_ACTIONS, MOST_CLASSES = 500, 64, 1000
"""Characters of an action, actions of a class, classes of a file."""
Use = Literal["both", "arm", "leg"]
_HINT = "docs/text.md describes the file"


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("text that is not blank")
    if for_terminal(text) != text:
        raise ValueError("one line of printable characters")
    return text


Text = Annotated[str, Field(max_length=LONGEST), AfterValidator(_one_line)]
Label = Annotated[Text, AfterValidator(normal_text)]


class Limbs(Spec):
    """An action by limbs, seen from the wrist and from the leg."""

    arm: Text = Field(alias="Arm")
    leg: Text = Field(alias="Leg")

    def text(self, use: Use) -> str:
        """The text of one limb, or of both."""
        return {"both": f"Arm: {self.arm}. Leg: {self.leg}.", "arm": self.arm, "leg": self.leg}[use]


class Keyword(Spec):
    """An action in a few words, and whether another class has it too."""

    keyword: Text
    shared: bool


Action = TypeVar("Action", covariant=True)
AnyAction = str | Limbs | Keyword


class Activity(Spec, Generic[Action]):
    """A class of the data and what it consists of, in order."""

    action_label: Label
    title: Text | None = None
    """A readable name, for data whose classes are numbers."""

    sub_actions: tuple[Action, ...] = Field(min_length=1, max_length=MOST_ACTIONS)


class Activities(Spec, Generic[Action]):
    """The content of a file; all actions have one schema."""

    activities: tuple[Activity[Action], ...] = Field(min_length=1, max_length=MOST_CLASSES)


def _schema(given: Any) -> str:
    """The schema of the first action of a file; phrases unless it is an object."""
    for activity in _items(given, "activities"):
        for action in _items(activity, "sub_actions"):
            if isinstance(action, dict):
                return "keywords" if "keyword" in action or "shared" in action else "limbs"
            return "phrases"
    return "phrases"


def _items(given: Any, name: str) -> list[Any]:
    found = given.get(name) if isinstance(given, dict) else None
    return found if isinstance(found, list) else []


_FILE: TypeAdapter[Activities[Text] | Activities[Limbs] | Activities[Keyword]] = TypeAdapter(
    Annotated[
        Annotated[Activities[Text], Tag("phrases")]
        | Annotated[Activities[Limbs], Tag("limbs")]
        | Annotated[Activities[Keyword], Tag("keywords")],
        Discriminator(_schema),
    ]
)
_ACTIONS = {"phrases": "text", "limbs": "an object with Arm and Leg", "keywords": "an object with keyword and shared"}
_FIELDS = {"phrases": (), "limbs": ("Arm", "Leg"), "keywords": ("keyword", "shared")}
_ACTION_DEPTH = 4
"""Steps to an action in a file: `activities.4.sub_actions.1`."""


def read_activities(path: Path, named: str) -> tuple[Activity[AnyAction], ...]:
    """The activities in ``path``, which messages call ``named``.

    Raises SpecError with the place in the file for anything that is in none of the schemas, or in several.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        found = "a list" if isinstance(content, list) else show(content)
        raise SpecError(named, "an object with `activities`", found, _HINT)
    try:
        return _FILE.validate_python(content).activities
    except ValidationError as error:
        raise _mistake(named, error, _schema(content)) from None


def _mistake(named: str, error: ValidationError, schema: str) -> SpecError:
    """A mistake in the file, with its place as the file has it; a misspelt field comes before the one it leaves out."""
    problem = max(error.errors(include_url=False), key=lambda problem: problem["type"] == "extra_forbidden")
    steps = problem["loc"][1:]  # without the tag of the schema
    where = f"{named}: {'.'.join(map(str, steps)) or 'activities'}"
    return SpecError(where, *_explained(problem["type"], problem, steps, schema))


def _explained(kind: str, problem: ErrorDetails, steps: tuple[int | str, ...], schema: str) -> tuple[str, str, str]:
    """What was expected at ``steps``, what was found, and the next step."""
    given, of = problem["input"], steps[-1] if steps else "activities"
    match kind:
        case "extra_forbidden":
            known = {1: ("activities",), 3: ("action_label", "title", "sub_actions")}.get(len(steps), _FIELDS[schema])
            close = nearest(str(of), known)
            return f"no other field than {listed(known)}", show(of), f"did you mean {close!r}?" if close else _HINT
        case "missing":
            return "a value", "nothing", _HINT
        case "model_type" | "string_type" if len(steps) == _ACTION_DEPTH:
            return f"{_ACTIONS[schema]}, as the file begins", show(given), "use one schema in the file"
        case "string_too_long":
            return f"at most {LONGEST} characters", f"{len(given):,}", "shorten the text"
        case "too_short":
            return "at least one action" if of == "sub_actions" else "at least one class", "none", "write some"
        case "too_long":
            most = f"{MOST_ACTIONS} actions" if of == "sub_actions" else f"{MOST_CLASSES:,} classes"
            return f"at most {most}", f"{len(given):,}", "shorten the list"
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return expected, show(given), _HINT
