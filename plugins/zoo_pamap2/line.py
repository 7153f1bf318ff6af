"""One line of a file: what its columns hold, and what can be wrong with it."""

from math import isinf

from zoo_registry import FIRST_BYTES, show

COLUMNS = 54
TIME, ACTIVITY, HEART_RATE = range(3)
_PLACES = ("hand", "chest", "ankle")
_SENSOR_COLUMNS = 17
"""Of one place: the 13 below, and 4 of an orientation, which the authors of the data set call invalid."""
_MEASURED = ("temperature", *(f"{sensor} {axis}" for sensor in ("acc16", "acc6", "gyro", "mag") for axis in "xyz"))
AXES = ("heart rate", *(f"{place} {name}" for place in _PLACES for name in _MEASURED))
"""Names of the 40 channels; acc16 and acc6 are the accelerometers of ±16 g and ±6 g."""
AXIS_COLUMNS = (
    HEART_RATE,
    *(3 + _SENSOR_COLUMNS * place + number for place in range(len(_PLACES)) for number in range(len(_MEASURED))),
)
"""The columns of these channels."""
RATE = 100.0
"""Lines per second."""
LATEST = 86_400.0
"""Largest time stamp in seconds, far beyond a session."""
LONGEST = FIRST_BYTES
"""Characters of a line at most; 400 are usual."""
MOST_ACTIVE = 24
"""Largest number of an activity; 0 is none of them."""
CLASSES = {
    24: "rope jumping",
    1: "lying",
    2: "sitting",
    3: "standing",
    4: "walking",
    5: "running",
    6: "cycling",
    7: "Nordic walking",
    12: "ascending stairs",
    13: "descending stairs",
    16: "vacuum cleaning",
    17: "ironing",
}
"""The activities of the protocol by number, in the order of class indices that published results use."""


def fault(line: str) -> str | None:
    """What is wrong with a line, None if it is 54 numbers of which the first are a time in s and an activity."""
    if len(line) > LONGEST:
        return f"more than {LONGEST} characters"
    cells = line.split()
    if len(cells) != COLUMNS:
        return f"{len(cells)} columns instead of {COLUMNS}"
    wrong = (f"{show(cell)} in column {column + 1}" for column, cell in enumerate(cells) if not _fits(column, cell))
    return next(wrong, None)


def _fits(column: int, cell: str) -> bool:
    try:
        value = float(cell)
    except ValueError:
        return False
    if not cell.isascii() or "_" in cell:  # numbers in Python, but not in a file
        return False
    if column == TIME:
        return 0 <= value <= LATEST
    if column == ACTIVITY:
        return value in range(MOST_ACTIVE + 1)
    return not isinf(value)
