"""zoo-text: words for what an activity consists of, as vectors and as loss terms (plugin `text`)."""

from zoo_registry import ComponentSpec, hookimpl

from zoo_text.embedders import EMBEDDERS
from zoo_text.specs import AttributedSpec, FusedSpec, LabelsSpec


@hookimpl
def zoo_components() -> list[type[ComponentSpec]]:
    return [*EMBEDDERS, FusedSpec, AttributedSpec, LabelsSpec]
