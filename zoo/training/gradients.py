"""Gradient norms of each loss term by component, on demand."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from zoo.model.assembly import ZooModel


def gradient_norms(model: ZooModel, weighted: Mapping[str, Tensor]) -> dict[str, float]:
    """Norm of the gradient of each ``weighted`` term with respect to the trainable parameters of each component:
    `TERM/COMPONENT`.

    A component that a term does not depend on is left out. It draws no random numbers, changes no `grad` and keeps the
    graph for the following backward pass, so that training is not affected.
    """
    found = {}
    for term, loss in weighted.items():
        for role, parameters in _learning(model).items():
            if loss.requires_grad:
                reached = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
                if gradients := [gradient for gradient in reached if gradient is not None]:
                    found[f"{term}/{role}"] = float(get_total_norm(gradients))
    return found


def _learning(model: ZooModel) -> dict[str, list[nn.Parameter]]:
    parts = {role: model.get_submodule(role).parameters() for role, _ in model.spec.components()}
    own = {role: [p for p in parameters if p.requires_grad] for role, parameters in parts.items()}
    return {role: parameters for role, parameters in own.items() if parameters}
