"""Rules for text components and embedders, one function per rule, checked on a small random batch."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from zoo_registry import DataError, EmbedSpec, Shape, TextSpec, Vocabulary

from zoo.contracts import EncodedOutput, Quantized, Text, Tokens, Worded
from zoo.testing.samples import BATCH, Masking, adapt, sample_tokens, spoil

TEXTS = ("raise the hand", "lower the hand", "swing the arm", "stand still", "turn the wrist")
ACTIONS = {"drink": TEXTS[:3], "walk": (TEXTS[2],), "rest": (TEXTS[3], TEXTS[1])}
"""Classes with unequal numbers of actions, some of them shared."""
TOKENS = Shape.of("c n d", 2, 6, 8)
CODES = Shape.of("c n q k", 2, 6, 1, 5)
ATTRIBUTES = ("t", "l")


class TextTrial(NamedTuple):
    """A text component that is built and filled, and its spec."""

    spec: TextSpec
    module: Text

    def run(self, given: EncodedOutput, target: Tensor | None = None) -> Worded:
        """The terms of ``given`` for windows of different classes."""
        found: Worded = self.module(given, torch.arange(BATCH) if target is None else target)
        return found


def text_trial(spec: TextSpec) -> TextTrial:
    """``spec`` with the actions of three classes, built and filled."""
    if spec.needs_words:
        assert spec.embed is not None, f"{spec.kind}: has no embedder by default"
        width = spec.embed.width(Vocabulary.of(ACTIONS).texts)
        spec = spec.model_copy(update={"actions": ACTIONS, "width": width})
    module = spec.build(TOKENS, len(ATTRIBUTES))
    assert isinstance(module, Text), f"{spec.kind}: its build returns no zoo.contracts.Text"
    adapt(module, Shape.of("c t", 2, 16))
    return TextTrial(spec, module)


def given_to(masking: Masking = "none", seed: int = 0) -> EncodedOutput:
    """A random batch with tokens and codes."""
    return sample_tokens(TOKENS, {"codes": CODES}, masking, seed, ATTRIBUTES)


def check_text_terms(trial: TextTrial) -> None:
    """The terms given are those of the spec, each a finite scalar, also for windows of one class."""
    for target in (None, torch.zeros(BATCH, dtype=torch.long), torch.tensor([0, 1, 0])):
        losses = trial.run(given_to(), target).losses
        assert losses.keys() == trial.spec.terms.keys(), f"{trial.spec.kind}: gives the terms {sorted(losses)}"
        wrong = [name for name, value in losses.items() if value.dim() or not bool(value.isfinite())]
        assert not wrong, f"{trial.spec.kind}: {', '.join(wrong)} is no finite loss"


def check_text_gradient(trial: TextTrial) -> None:
    """A finite gradient reaches every weight, and the tokens."""
    given = given_to()
    values = given.tokens.values.requires_grad_()
    losses = trial.run(given).losses
    torch.autograd.backward(torch.stack(list(losses.values())).sum())
    still = [name for name, weight in trial.module.named_parameters() if weight.grad is None]
    assert not still, f"{trial.spec.kind}: no gradient reaches {', '.join(still)}"
    assert values.grad is not None, f"{trial.spec.kind}: no gradient reaches the tokens"
    assert bool(values.grad.isfinite().all()), f"{trial.spec.kind}: a gradient is not finite"
    trial.module.zero_grad()


def check_text_changes_nothing(trial: TextTrial) -> None:
    """Neither tokens nor codes are changed in place, and the prediction of actions does not see the label."""
    given, before = given_to(), given_to()
    predicted = trial.module.predict(given)
    trial.run(given)
    assert torch.equal(given.tokens.values, before.tokens.values), f"{trial.spec.kind}: changes the tokens in place"
    again = trial.module.predict(given)
    if predicted is not None and again is not None:
        assert torch.equal(predicted, again), f"{trial.spec.kind}: its predictions depend on what it has seen"
        assert predicted.shape[:3] == (BATCH, TOKENS["c"], TOKENS["n"]), (
            f"{trial.spec.kind}: predicts {predicted.shape}"
        )


def check_text_masks(trial: TextTrial) -> None:
    """Padded tokens do not affect the terms; a mask that is True everywhere is as none."""
    given = given_to("part")
    _require_equal(trial, trial.run(given), trial.run(spoil(given)), "padded tokens")
    whole = given_to("full")
    none = replace(whole, tokens=whole.tokens._replace(mask=None))
    _require_equal(trial, trial.run(whole), trial.run(none), "a mask that hides nothing")


def check_absent_actions(trial: TextTrial) -> None:
    """What an absent action's row holds does not matter, NaN included."""
    table = trial.module.table
    if table is None:
        return
    target = torch.tensor([1, 1, 2])  # these classes have no third action
    before = trial.run(given_to(), target)
    unused = sorted(set(range(len(table.rows))) - set(table.numbers[1:][table.present[1:]].tolist()))
    held = table.numbers.clone()
    table.numbers[~table.present] = unused[0]
    _require_equal(trial, before, trial.run(given_to(), target), "an absent action")
    table.numbers.copy_(held)


def check_attention(trial: TextTrial) -> None:
    """Attention, if it is returned, has a weight for every action of the class and sums to 1 for every token."""
    found, table = trial.run(given_to()).attention, trial.module.table
    if found is None:
        return
    assert table is not None, f"{trial.spec.kind}: attends to actions, but has none"
    present = table.present[torch.arange(BATCH)][:, None, None].expand(BATCH, TOKENS["c"], TOKENS["n"], -1)
    assert found.shape == present.shape, f"{trial.spec.kind}: its attention is {tuple(found.shape)}"
    assert not found.requires_grad, f"{trial.spec.kind}: its attention has a gradient"
    assert bool((found[~present] == 0).all()), f"{trial.spec.kind}: attends to absent actions"
    assert torch.allclose(found.sum(-1), torch.ones(())), f"{trial.spec.kind}: attention does not sum to 1"


def check_text_order(trial: TextTrial) -> None:
    """The order of windows in a batch does not matter."""
    given = given_to()
    turned = torch.arange(BATCH).flip(0)
    tokens, quantized = given.tokens, given.quantized
    assert quantized is not None
    attributes = {name: value[turned] for name, value in tokens.attributes.items()}
    other = replace(
        given,
        tokens=Tokens(tokens.values[turned], None, attributes),
        quantized=Quantized(quantized.values[turned], quantized.codes[turned], quantized.latents[turned]),
    )
    _require_equal(trial, trial.run(given), trial.run(other, turned), "the order of windows", 1e-4)


FOR_TEXT: Sequence[Callable[[TextTrial], None]] = (
    check_text_terms,
    check_text_gradient,
    check_text_changes_nothing,
    check_text_masks,
    check_attention,
    check_absent_actions,
    check_text_order,
)


def check_text(spec: TextSpec) -> None:
    """Check a text component by all its rules."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        trial = text_trial(spec)
        trial.module.eval()
        for rule in FOR_TEXT:
            rule(trial)


def check_embedder(spec: EmbedSpec, texts: Sequence[str] = TEXTS) -> None:
    """Finite rows of the promised width, the same each time and for equal texts, which follow the texts into another
    order.

    An embedder that reads a file or a folder, and has none by default, raises DataError and is not checked further.
    """
    try:
        rows = spec.rows(texts)
    except DataError:
        return
    assert rows.shape == (len(texts), spec.width(texts)), f"{spec.kind}: rows {rows.shape}"
    assert rows.dtype == np.float64, f"{spec.kind}: rows of {rows.dtype}"
    assert np.isfinite(rows).all(), f"{spec.kind}: rows that are not finite"
    assert np.array_equal(rows, spec.rows(texts)), f"{spec.kind}: other rows each time"
    turned = spec.rows(texts[::-1])[::-1]
    assert np.allclose(rows, turned, rtol=0, atol=1e-6), f"{spec.kind}: rows depend on the order of texts"
    again = spec.rows([*texts, texts[0]])
    assert np.array_equal(again[0], again[-1]), f"{spec.kind}: equal texts have different rows"


def _require_equal(trial: TextTrial, one: Worded, other: Worded, what: str, tolerance: float = 1e-5) -> None:
    for term, value in one.losses.items():
        same = torch.allclose(value, other.losses[term], rtol=tolerance, atol=tolerance)
        assert same, f"{trial.spec.kind}: {what} changes the term {term}"
