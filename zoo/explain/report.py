"""What `zoo explain` finds of one decision: a logit as a sum of parts, of codes, and of samples."""

from pydantic import BaseModel


class PartSaid(BaseModel, frozen=True):
    """A codebook, or what else is counted, by name, and what it adds to the logit."""

    name: str
    said: float


class CodeSaid(BaseModel, frozen=True):
    """One code of book ``book``, in ``channel`` (None: all at once), and what it adds to the logit.

    ``said`` is what its stretches add, less what they add in a usual window: a code that is rarer than usual can speak
    too, and then has no place. ``share`` is its share of the stretches. ``start`` and ``end`` are samples of the
    stretch that adds most; None where there is none.
    """

    book: str
    code: int
    channel: int | None
    said: float
    share: float
    start: int | None
    end: int | None


class Explanation(BaseModel, frozen=True):
    """Why a window has the logit it has for ``of``, the class that is explained.

    ``logit`` is ``bias`` and the sum of ``parts``, and ``bias`` and the sum over ``channels`` and samples of
    ``curve (c t)``, in which a stretch adds alike at each of its samples and one of all axes alike in each channel.
    ``codes`` are those that say most, for the class or against it, of ``counted`` in all.
    """

    split: str
    window: int
    label: str
    predicted: str
    of: str
    logit: float
    bias: float
    parts: tuple[PartSaid, ...]
    codes: tuple[CodeSaid, ...]
    counted: int
    curve: tuple[tuple[float, ...], ...]
