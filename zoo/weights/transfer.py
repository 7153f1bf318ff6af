"""Transfer weights from another model: tensors that fit are copied, the policy decides on the rest, all are
reported."""

import torch
from zoo_registry import TransferSpec

from zoo.model.assembly import ZooModel
from zoo.weights.plan import Plan, plan
from zoo.weights.report import TransferReport
from zoo.weights.source import read_source


def transfer(model: ZooModel, spec: TransferSpec, seed: int = 0) -> TransferReport:
    """Copy the weights requested in ``spec`` into ``model``; ``seed`` is for the random new codes of a grown codebook.

    Raises SpecError for a path that does not exist, and BundleError if the policy refuses the transfer; the model is
    then unchanged.
    """
    planned = plan(model, read_source(spec.source), spec, seed)
    planned.report.require_allowed()
    apply(planned, model)
    return planned.report


@torch.no_grad()
def apply(planned: Plan, model: ZooModel) -> None:
    """Copy the tensors of a plan into ``model``."""
    own = model.state_dict()
    for name, tensor in planned.tensors.items():
        own[name].copy_(tensor)
