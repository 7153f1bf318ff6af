"""zoo-models: small trained models by name, from data that come with aeon (plugin `models`).

`python examples/models/train.py FOLDER`, in the repository, trains them again.
"""

from zoo_registry import ModelCard, hookimpl

from zoo_models.cards import CARDS


@hookimpl
def zoo_models() -> list[ModelCard]:
    return CARDS
