"""zoo-distill: losses between a student and its teachers (plugin `distill`), and weights of teachers window by window
(plugin `weigh`)."""

from zoo_registry import DistillerSpec, hookimpl

from zoo_distill.distillers import LogitsSpec, OrthogonalSpec, SimilaritySpec, StandardisedSpec


@hookimpl
def zoo_components() -> list[type[DistillerSpec]]:
    return [LogitsSpec, SimilaritySpec, StandardisedSpec, OrthogonalSpec]
