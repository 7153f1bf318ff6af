"""One problem of a run: a plain sentence with its numbers, and what to do next."""

from typing import Literal

from pydantic import BaseModel

Grade = Literal["grave", "warning", "note"]
GRADES: tuple[Grade, ...] = ("grave", "warning", "note")
"""grave: a measurement is misleading. warning: something works badly. note: worth knowing."""


class Finding(BaseModel, frozen=True):
    """``name`` is that of the rule, such as `dead-codes`; ``sentence`` describes the problem, ``remedy`` what to do."""

    name: str
    grade: Grade
    sentence: str
    remedy: str
