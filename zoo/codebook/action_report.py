"""Report on the actions that codes name: shares, entropies beside those of classes, and a sentence per class."""

from pydantic import BaseModel
from zoo_registry import Control
from zoo_registry.suggest import shortened

CONTROLS: dict[Control, str] = {
    "none": "words of the class",
    "shuffled": "words of another class, as the control asks",
    "random": "random vectors in place of those of the words, as the control asks",
    "one-hot": "names of classes in place of actions, as the control asks",
}

_LONGEST = 60


class ActionShare(BaseModel, frozen=True):
    """An action, and its mean predicted chance over the tokens of a code."""

    name: str
    share: float

    @property
    def short(self) -> str:
        """The action as it fits a table or a sentence."""
        return shortened(self.name, _LONGEST)


class NamedCode(ActionShare, frozen=True):
    """A ``code`` with its most likely action, and ``of_class``, its share of the tokens of a class."""

    code: int
    of_class: float

    @property
    def chance(self) -> str:
        """The share in hundredths, as a sentence shows it."""
        return f"{self.share:.2f}".removeprefix("0")

    def __str__(self) -> str:
        return f"{self.code} → {self.short} ({self.chance})"


class ClassSentence(BaseModel, frozen=True):
    """A class in the codes that are most typical of it, the most typical first; none without tokens."""

    name: str
    codes: tuple[NamedCode, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.codes)) or "no tokens"


class ActionsReport(BaseModel, frozen=True):
    """The ``actions`` that codes may name, and ``named`` of them that are the most likely one of a used code.

    Entropies are in nats, means over codes weighed by use: ``entropy`` of the predicted action and ``class_entropy`` of
    the class, at most ``most`` and ``most_classes``, those of as many equally frequent actions and classes.
    """

    actions: int
    named: int
    entropy: float
    most: float
    class_entropy: float
    most_classes: float
    sentences: tuple[ClassSentence, ...]


class TextReport(BaseModel, frozen=True):
    """The ``control`` of a model with text, and the ``contrast`` of its attention, 0 to 1, None if it is not known.

    The contrast is the mutual information of token and attended action within classes, over the entropy of the attended
    action.
    """

    control: Control
    contrast: float | None = None

    @property
    def words(self) -> str:
        """What codes name, in words."""
        return CONTROLS[self.control]
