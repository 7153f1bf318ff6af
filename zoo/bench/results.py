"""Times that pytest-benchmark wrote down, as pairs: a case with the zoo's time and a peer's."""

from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, Field, ValidationError
from zoo_registry import DataError
from zoo_registry.explain import explain

from zoo.specs.read import read_json

ZOO = "zoo"


class Facts(BaseModel):
    """What `benchmarks/conftest.py` writes beside a time: ``most_held`` in bytes, and how many tokens, windows or
    bytes of a file."""

    who: str
    hardware: str
    torch: str
    dtype: str
    most_held: int
    tokens: int | None = None
    windows: int | None = None
    bytes: int | None = None


class Times(BaseModel):
    """Seconds."""

    median: float = Field(gt=0)
    rounds: int


class Case(BaseModel):
    """One measurement: its ``group`` holds everything that is compared."""

    group: str
    stats: Times
    extra_info: Facts

    @property
    def rate(self) -> float | None:
        """Tokens, windows or bytes per second."""
        size = self.extra_info.tokens or self.extra_info.windows or self.extra_info.bytes
        return None if size is None else size / self.stats.median


class Results(BaseModel):
    """A file of `pytest --benchmark-only --benchmark-json`."""

    benchmarks: list[Case]


class Pair(NamedTuple):
    """The zoo and a peer at the same work: medians in seconds, and bytes held at most beyond what was there."""

    case: str
    peer: str
    ours: Case
    theirs: Case

    @property
    def ratio(self) -> float:
        """How many times faster the zoo is."""
        return self.theirs.stats.median / self.ours.stats.median


def read_results(path: Path) -> Results:
    """The measurements in a file; raises DataError where it holds none of ours."""
    data = read_json(path)
    try:
        found = Results.model_validate(data)
    except ValidationError as error:
        fault = explain(error, Results, data)
        hint = "write it with `pytest benchmarks --benchmark-only --benchmark-json FILE`"
        raise DataError(f"{path}: {fault.where}", fault.expected, fault.found, hint) from None
    return found


def pairs(results: Results) -> list[Pair]:
    """Every peer beside the zoo, in the order of the file."""
    ours = {case.group: case for case in results.benchmarks if case.extra_info.who == ZOO}
    return [
        Pair(case.group, case.extra_info.who, ours[case.group], case)
        for case in results.benchmarks
        if case.group in ours and case.extra_info.who != ZOO
    ]


def alone(results: Results) -> list[Case]:
    """Measurements without a peer: of components, or at sizes for which no peer has enough memory."""
    compared = {pair.case for pair in pairs(results)}
    return [case for case in results.benchmarks if case.group not in compared]
