"""A plugin of models: its source, as other people would write it; and a model of codes to offer."""

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


CODES = {
    "input": {"channels": 2, "length": 40, "rate": 25, "units": "g"},
    "fusion": {"kind": "fusion.channelwise"},
    "encoder": {"kind": "conv.encoder", "dim": 8, "layers": 2},
    "quantizer": {"kind": "quantizers.ema", "codes": 6},
    "decoder": {"kind": "conv.decoder", "dim": 8},
}
"""The spec of a model without a head, for any number of channels."""


def plugin_of(*cards: dict[str, Any]) -> str:
    """A plugin that offers these cards and nothing else."""
    return f"""
from zoo_registry import ModelCard, hookimpl

@hookimpl
def zoo_models():
    return [ModelCard(**card) for card in {list(cards)!r}]
"""
