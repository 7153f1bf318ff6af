"""Take weights from another model: what fits as it is, the rest as the policy says, every tensor accounted for."""

import torch
from zoo_registry import TransferSpec

from zoo.model.assembly import ZooModel
from zoo.weights.plan import Plan, plan
from zoo.weights.report import TransferReport
from zoo.weights.source import read_source


def transfer(model: ZooModel, spec: TransferSpec, seed: int = 0) -> TransferReport:
    """Copy into ``model`` the weights that ``spec`` asks for; ``seed`` draws what a grown codebook needs.

    Raises SpecError for a path that names nothing, and BundleError where the policy refuses what was found; then
    nothing is changed.
    """
    made = plan(model, read_source(spec.source), spec, seed)
    made.report.require_allowed()
    apply(made, model)
    return made.report


@torch.no_grad()
def apply(made: Plan, model: ZooModel) -> None:
    """Copy the tensors of a plan into ``model``."""
    own = model.state_dict()
    for name, tensor in made.tensors.items():
        own[name].copy_(tensor)
