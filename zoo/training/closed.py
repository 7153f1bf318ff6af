"""A phase that solves the map of a linear head in closed form, from its features of all training windows in one
epoch."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import PhaseSpec, PluginError, ZooNote

from zoo.contracts import LinearHead
from zoo.contracts.processes import gathered, once
from zoo.data.batch import Batch, batches
from zoo.data.split import Split
from zoo.linear import LinearFit, fit_linear
from zoo.model.assembly import ZooModel
from zoo.training.epoch_metrics import Row
from zoo.training.sharding import whole


class ClosedForm:
    """Collects the features of ``train`` that the head of ``model`` reads in ``phase``, batch by batch, until `solve`.

    They are the inputs of ``classify`` in the regular forward pass, so no pass runs twice. They are kept in main
    memory, `(n f)` in total; each process keeps its own until the end.
    """

    def __init__(self, model: ZooModel, train: Split, phase: PhaseSpec) -> None:
        self._model, self._train, self._phase = model, train, phase
        self._head = linear_head(model)
        self._features: list[Tensor] = []
        self._rows: list[Tensor] = []

    @contextmanager
    def reading(self, batch: Batch) -> Iterator[None]:
        """Context in which a forward pass over ``batch`` is recorded; it runs eagerly, because a compiled one calls no
        hook."""
        hook = self._head.classify.register_forward_pre_hook(self._keep)
        try:
            with torch.no_grad(), torch.compiler.set_stance("force_eager"):
                yield
        finally:
            hook.remove()
        self._rows.append(batch.index.cpu())

    def _keep(self, module: nn.Module, given: tuple[Any, ...]) -> None:
        self._features.append(given[0].detach().cpu())

    def solve(self) -> LinearFit:
        """Solve the map, store it in the head of every process, and return the fit."""
        rows, features = self._everywhere()
        labels = torch.from_numpy(self._train.y)
        groups = None if self._train.stays is None else torch.from_numpy(self._train.stays)
        order = torch.argsort(rows)
        found = once(
            lambda: fit_linear(
                features[order], labels, self._head.classify.out_features, groups, self._head.blocks, self._phase.closed
            )
        )
        with torch.no_grad(), whole(self._model, self._head.classify):
            self._head.classify.weight.copy_(found.weight)
            self._head.classify.bias.copy_(found.bias)
        self._head.settle()
        warnings.warn(f"phase {self._phase.name}: {sentence(found, self._phase)}", ZooNote, stacklevel=2)
        return found

    def scores(self, found: LinearFit) -> tuple[float, int]:
        """Cross-entropy summed over this process's training windows, and the number of correct ones."""
        rows = torch.cat(self._rows)
        logits = torch.cat([part.double() @ found.weight.T for part in self._features]) + found.bias
        labels = torch.from_numpy(self._train.y)[rows]
        return float(F.cross_entropy(logits, labels, reduction="sum")), int((logits.argmax(-1) == labels).sum())

    def _everywhere(self) -> tuple[Tensor, Tensor]:
        """Rows `(n)` and features `(n f)` of all windows, including those that a training epoch leaves out."""
        rows, features = gathered(torch.cat(self._rows)), gathered(torch.cat(self._features))
        missing = np.setdiff1d(np.arange(len(self._train)), rows.numpy())
        rest = ClosedForm(self._model, self._train, self._phase)
        for batch in batches(self._train, missing, max(len(missing), 1), self._model.device):
            with rest.reading(batch):
                self._model(batch.x, batch.mask)
        return torch.cat([rows, *rest._rows]), torch.cat([features, *rest._features])


def linear_head(model: ZooModel) -> LinearHead:
    """The head of ``model``; raise PluginError if it is not the linear head that its spec declares."""
    head = model.head
    if isinstance(head, LinearHead):
        return head
    kind = "none" if model.spec.head is None else str(model.spec.head.kind)
    raise PluginError(f"head {kind}", "a LinearHead, as its spec says linear", type(head).__name__, "derive from it")


def sentence(found: LinearFit, phase: PhaseSpec) -> str:
    """The sentence about the chosen solution and the number of windows behind the choice."""
    tried = phase.closed.alphas
    folds = phase.closed.method != "ridge"
    if found.groups is None:
        by = "in folds" if folds else "one by one"
    else:
        by = f"in {'folds of ' if folds else ''}{found.groups} groups that stay together"
    edge = "" if tried is None or len(tried) == 1 or min(tried) < found.alpha < max(tried) else ", an end of the grid"
    return (
        f"{phase.closed.method} solved, alpha {found.alpha:.3g}{edge}: "
        f"{found.correct}/{found.total} training windows correct when held out {by}"
    )


def closed_row(found: LinearFit) -> Row:
    """The chosen solution as columns."""
    return {
        "closed/alpha": found.alpha,
        "closed/temperature": found.temperature,
        "closed/held-out.correct": found.correct,
        "closed/held-out.total": found.total,
    }
