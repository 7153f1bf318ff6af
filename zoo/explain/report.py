"""Report of `zoo explain` on one decision: a logit as a sum over parts, over codes, and over samples."""

from pydantic import BaseModel


class PartSaid(BaseModel, frozen=True):
    """A codebook or another counted feature, by name, and its contribution ``said`` to the logit."""

    name: str
    said: float


class CodeSaid(BaseModel, frozen=True):
    """One code of book ``book``, in ``channel`` (None: all at once), and its contribution to the logit.

    ``said`` is the contribution of its stretches, minus that in a usual window: a code that is rarer than usual
    contributes too, and then has no position. ``share`` is its share of the stretches. ``start`` and ``end`` are
    samples of the stretch that contributes most; None if there is none.
    """

    book: str
    code: int
    channel: int | None
    said: float
    share: float
    start: int | None
    end: int | None

    @property
    def place(self) -> tuple[int, int] | None:
        """``start`` and ``end``, if there are any."""
        return None if self.start is None or self.end is None else (self.start, self.end)


class Explanation(BaseModel, frozen=True):
    """Explanation of a window's logit of ``of``, the explained class.

    ``logit`` is ``bias`` and the sum of ``parts``, and ``bias`` and the sum over ``channels`` and samples of
    ``curve (c t)``, in which a stretch contributes equally at each of its samples, and one of all axes equally in each
    channel. ``codes`` are those that contribute most, for the class or against it, of ``counted`` in all.
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
