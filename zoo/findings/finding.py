"""One thing found wrong with a run: a plain sentence with its numbers, and what to do next."""

from typing import Literal

from pydantic import BaseModel

Grade = Literal["grave", "warning", "note"]
GRADES: tuple[Grade, ...] = ("grave", "warning", "note")
"""grave: what was measured does not mean what it seems to. warning: something works badly. note: worth knowing."""


class Finding(BaseModel, frozen=True):
    """``name`` tells the rule, such as `dead-codes`; ``sentence`` says what was found, ``remedy`` what to do."""

    name: str
    grade: Grade
    sentence: str
    remedy: str
