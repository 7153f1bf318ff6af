"""A plugin of models: its source, as one of other people would write it."""

from typing import Any

CARD: dict[str, Any] = {
    "name": "acme-small",
    "purpose": "Classifies windows of a made sensor.",
    "package": "zoo_cards",
    "folder": "models/small",
    "licence": "CC0-1.0",
    "trained_on": {"data": "Made windows.", "split": "train"},
    "headline": {
        "metric": "accuracy",
        "value": 0.75,
        "count": 3,
        "total": 4,
        "split": "made windows, test",
        "protocol": "Weights of the last epoch.",
    },
    "source": "train.py in the repository of Acme",
}


def plugin_of(*cards: dict[str, Any]) -> str:
    """A plugin that offers these cards and nothing else."""
    return f"""
from zoo_registry import ModelCard, hookimpl

@hookimpl
def zoo_models():
    return [ModelCard(**card) for card in {list(cards)!r}]
"""
