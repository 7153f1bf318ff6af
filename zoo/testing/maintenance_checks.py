"""Rules for learned codebooks whose codes start from tokens and are reset."""

import torch
from zoo_registry.learned import LearnedQuantizerSpec

from zoo.contracts import Quantizer
from zoo.testing.checks import state
from zoo.testing.quantizer_checks import updated
from zoo.testing.trials import QuantizerTrial


def with_care(spec: LearnedQuantizerSpec) -> LearnedQuantizerSpec:
    """``spec`` with codes that start from tokens, and are reset as soon as a step leaves them out."""
    return spec.model_copy(update={"start": "kmeans", "reset_after": 1})


def check_start(trial: QuantizerTrial) -> None:
    """The first update of a new codebook spreads its codes over the tokens."""
    spec = trial.spec.model_copy(update={"reset_after": None})
    module = spec.build(trial.x)
    assert isinstance(module, Quantizer)
    assert module.moves, f"{spec.kind}: update starts codes, so `moves` must be True"
    batch = trial.batch("full")
    module.train().update(module(batch.tokens.values, batch.tokens.mask).stats)
    codes = module.eval()(batch.tokens.values).codes[..., 0]
    least = min(codes.numel(), spec.codebook(trial.x)["k"]) // 2
    used = len(codes.unique())
    assert used >= least, f"{spec.kind}: after the start {codes.numel()} tokens have {used} codes, not {least} at least"


def check_started_once(trial: QuantizerTrial) -> None:
    """Codes from elsewhere, resumed or transferred, are not started again."""
    spec = trial.spec
    assert isinstance(spec, LearnedQuantizerSpec)
    random, module = (spec.model_copy(update={"start": start}).build(trial.x) for start in ("random", "kmeans"))
    module.load_state_dict(random.state_dict())
    batch = trial.batch("part")
    found = [updated(one, one.train()(batch.tokens.values, batch.tokens.mask).stats) for one in (random, module)]
    changed = [name for name, value in found[0].items() if not torch.equal(value, found[1][name])]
    assert not changed, f"{spec.kind}: start='kmeans' changes {', '.join(changed)} of a codebook that has codes"


def check_resumed(trial: QuantizerTrial) -> None:
    """A codebook continues unchanged after its state is stored and loaded."""
    # The first step starts codes; in the third those are reset that neither the second nor it gave a token.
    spec = trial.spec.model_copy(update={"reset_after": 2})
    one, other = spec.build(trial.x).train(), spec.build(trial.x).train()
    assert isinstance(one, Quantizer)
    assert isinstance(other, Quantizer)
    for seed in (1, 2):
        batch = trial.batch("part", seed)
        one.update(one(batch.tokens.values, batch.tokens.mask).stats)
    other.load_state_dict(state(one))
    batch = trial.batch("part", 3)
    found = [updated(module, module(batch.tokens.values, batch.tokens.mask).stats) for module in (one, other)]
    changed = [name for name, value in found[0].items() if not torch.equal(value, found[1][name])]
    assert not changed, f"{spec.kind}: {', '.join(changed)} goes on otherwise after loading: keep it in a buffer"


FOR_CARE = (check_start, check_started_once, check_resumed)
