"""The two protocols of model selection, and the label on every result of the second."""

from typing import Literal

Protocol = Literal["honest", "paper"]

UPPER_BOUND = "paper protocol: selected on the test split, an upper bound"
"""Label in every table, figure and page for weights that were selected on the split they are judged on."""


def labelled(title: str, protocol: Protocol) -> str:
    """``title``, with the label of the paper protocol if that is the ``protocol``."""
    return f"{title} ({UPPER_BOUND})" if protocol == "paper" else title
