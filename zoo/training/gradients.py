"""How hard each loss term pulls at each component: norms of gradients, on demand."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from zoo.model.assembly import ZooModel


def gradient_norms(model: ZooModel, weighted: Mapping[str, Tensor]) -> dict[str, float]:
    """Norm of the gradient of each ``weighted`` term by the parameters of each component that learn: `TERM/COMPONENT`.

    A component that a term does not reach is left out. Draws no number, leaves every `grad` as it is and the graph
    for the backward pass to come, so that training goes on as if nobody had asked.
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
