"""Trained models by name."""

from zoo.weights.listing import NamedModel, list_models


def models(task: str | None = None) -> dict[str, NamedModel]:
    """The trained models of the installed plugins and in the cache of a hub, each with its card, by the name that
    `zoo.load` takes.

    ``task`` leaves those that can `classify`, `tokenize` or `reconstruct`. Models that cannot be used are left out;
    `zoo models` names them. Raises SpecError for another task, and PluginError for a plugin that breaks the contract.
    """
    return list_models(task).models
