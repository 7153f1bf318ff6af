"""Further rules for quantizers: codes that decode, and statistics that add up."""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from zoo.contracts import EncodedOutput, Quantizer, Stats, Tokens, observed
from zoo.testing.checks import same, state
from zoo.testing.trials import QuantizerTrial


def check_codes(trial: QuantizerTrial, module: nn.Module) -> None:
    """Codes are int64 and in range, at padded tokens too, and decode to the values."""
    assert isinstance(module, Quantizer)
    book = trial.spec.codebook(trial.x)
    values, codes = _quantize(module, trial.batch("part"))
    assert codes.dtype == torch.int64, f"{trial.spec.kind}: codes are {codes.dtype}, not int64"
    least, most = int(codes.min()), int(codes.max())
    assert least >= 0 and most < book["k"], f"{trial.spec.kind}: codes {least} to {most}, the codebook is {book}"  # noqa: PT018
    decoded = module.decode(codes)
    same(trial, {"values": decoded}, {"values": values}, "decode(codes)")


def check_statistics(trial: QuantizerTrial, module: nn.Module) -> None:
    """Statistics come in training mode only; those of two batches merge to those of both, and update the same."""
    assert isinstance(module, Quantizer)
    one, two = trial.batch("part", seed=1), trial.batch("part", seed=2)
    assert _stats(module.eval(), one) is None, f"{trial.spec.kind}: statistics in eval mode"
    parts = [_stats(copy.deepcopy(module).train(), batch) for batch in (one, two)]
    whole = _stats(copy.deepcopy(module).train(), _joined(one, two))
    if parts[0] is None or parts[1] is None or whole is None:
        assert parts == [None, None] and whole is None, f"{trial.spec.kind}: statistics of some batches only"  # noqa: PT018
        return
    total = module.merge(parts[0], parts[1])
    same(trial, dict(total), dict(whole), "merging the statistics of two batches")
    same(trial, updated(module, total), updated(module, whole), "an update with merged statistics")


def check_update(trial: QuantizerTrial, module: nn.Module) -> None:
    """After an update codes still decode to the values; an update that changes something is announced."""
    assert isinstance(module, Quantizer)
    learner = copy.deepcopy(module).train()
    if stats := _stats(learner, trial.batch("part")):
        before = state(learner)
        learner.update(stats)
        changed = any(not torch.equal(value, before[name]) for name, value in state(learner).items())
        assert module.moves or not changed, f"{trial.spec.kind}: update changes it, so `moves` must be True"
        check_codes(trial, learner.eval())


def check_parts(trial: QuantizerTrial, module: nn.Module) -> None:
    """The parts that ``part_weights`` names, each times its weight, add up to ``z``; there may be none."""
    assert isinstance(module, Quantizer)
    tokens = trial.batch("part").tokens
    losses = module.losses(module(tokens.values, tokens.mask), tokens.mask)
    weights = module.part_weights()
    unknown = sorted(weights.keys() - losses.keys())
    assert not unknown, f"{trial.spec.kind}: part_weights names {', '.join(unknown)}, which losses does not give"
    if weights:
        total = torch.stack([weight * losses[name] for name, weight in weights.items()]).sum()
        same(trial, {"z": total}, {"z": losses["z"]}, "the weighted parts of z")


FOR_QUANTIZERS: Sequence[Callable[[QuantizerTrial, nn.Module], None]] = (
    check_codes,
    check_statistics,
    check_update,
    check_parts,
)


@torch.no_grad()
def _quantize(module: Quantizer, batch: EncodedOutput) -> tuple[Tensor, Tensor]:
    quantized = module(batch.tokens.values, batch.tokens.mask)
    return quantized.values, quantized.codes


@torch.no_grad()
def _stats(module: nn.Module, batch: EncodedOutput) -> Stats | None:
    stats: Stats | None = module(batch.tokens.values, batch.tokens.mask).stats
    return stats


def _joined(one: EncodedOutput, two: EncodedOutput) -> EncodedOutput:
    parts = [one.tokens, two.tokens]
    mask = torch.cat([observed(part.mask, part.values[..., 0]) for part in parts])
    return EncodedOutput(x=one.x, tokens=Tokens(torch.cat([part.values for part in parts]), mask))


def updated(module: Quantizer, stats: Stats) -> dict[str, Tensor]:
    """The state of a copy of ``module`` after an update."""
    learner = copy.deepcopy(module).train()
    torch.manual_seed(0)
    learner.update(stats)
    return state(learner)
