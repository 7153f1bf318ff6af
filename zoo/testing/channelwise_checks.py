"""Rules for channelwise components: each series is processed as if alone, with the same weights."""

from dataclasses import replace

import torch

from zoo.testing.checks import run, same
from zoo.testing.samples import one_series
from zoo.testing.trials import AnyTrial, DecoderTrial, EncoderTrial, FusionTrial, QuantizerTrial, Results

SERIES = 3


def check_channelwise(trial: FusionTrial | EncoderTrial | QuantizerTrial | DecoderTrial) -> None:
    """Built for one series or for three, it has the same tensors, and with them the same output for each series."""
    kind = trial.spec.kind
    alone, beside = _of_series(trial, 1), _of_series(trial, SERIES)
    one, many = alone.ready(), beside.ready()
    sizes = [{name: tensor.shape for name, tensor in module.state_dict().items()} for module in (one, many)]
    assert sizes[0] == sizes[1], f"{kind}: channelwise, but other tensors for {SERIES} series than for one"
    many.load_state_dict(one.state_dict())
    for masking in ("none", "part"):
        batch = beside.batch(masking)
        apart = [_values(run(alone, one, one_series(batch, index))) for index in range(SERIES)]
        expected = {name: torch.cat([part[name] for part in apart], 1) for name in apart[0]}
        same(trial, _values(run(beside, many, batch)), expected, "channelwise, but another series beside it")
        same(trial, _values(run(beside, one, batch)), expected, "channelwise, but building it for one series")


def _of_series(trial: FusionTrial | EncoderTrial | QuantizerTrial | DecoderTrial, count: int) -> AnyTrial:
    if isinstance(trial, DecoderTrial):
        trial = replace(trial, series=trial.series.replace(c=count))
    return replace(trial, x=trial.x.replace(c=count))


def _values(results: Results) -> Results:
    """The outputs per series, without loss terms and statistics."""
    return {name: value for name, value in results.items() if not name.startswith(("loss.", "stats."))}
