"""zoo-text: words for what an activity consists of, as vectors and as loss terms (plugin `text`)."""

from zoo_registry import ComponentSpec, hookimpl

from zoo_text.embedders import EMBEDDERS


@hookimpl
def zoo_components() -> list[type[ComponentSpec]]:
    return [*EMBEDDERS]
