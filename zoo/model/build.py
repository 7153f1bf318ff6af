"""Build a model from a spec, after checking that it fits into memory."""

import torch
from zoo_registry import ModelSpec, Registry

from zoo.model.assembly import ZooModel
from zoo.model.memory import FewParameters, LargeError, require_room_for_parameters
from zoo.specs.read import Source, read_model
from zoo.texts.filling import with_words


def build(spec: Source | ModelSpec) -> ZooModel:
    """A model with randomly initialised weights from a spec: a ModelSpec, plain data, or the path of a JSON file or
    bundle.

    Raises ZooError for an invalid spec.
    """
    model = spec if isinstance(spec, ModelSpec) else read_model(spec, Registry.discover())
    model = with_words(model)
    model.trace()
    random = torch.get_rng_state()
    try:
        with FewParameters():
            return ZooModel(model)
    except LargeError:
        require_room_for_parameters(model)
    torch.set_rng_state(random)
    return ZooModel(model)
