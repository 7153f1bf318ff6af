"""Trained models that plugins offer by name."""

from zoo.weights.listing import NamedModel, list_models


def models(task: str | None = None) -> dict[str, NamedModel]:
    """The trained models of the installed plugins by name, each with its card; `zoo.load` takes the name.

    ``task`` leaves those that can `classify`, `tokenize` or `reconstruct`. Models that cannot be used are left out;
    `zoo models` names them. Raises SpecError for another task, and PluginError for a plugin that breaks the contract.
    """
    return list_models(task).models
