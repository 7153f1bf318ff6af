"""The two protocols of selection, and what must stand beside every number of the second."""

from typing import Literal

Protocol = Literal["honest", "paper"]

UPPER_BOUND = "paper protocol: chosen on the test split, an upper bound"
"""What every table, figure and page says of weights that were selected by what they are judged on."""


def labelled(title: str, protocol: Protocol) -> str:
    """``title``, with the label of the paper protocol where that is the one."""
    return f"{title} ({UPPER_BOUND})" if protocol == "paper" else title
