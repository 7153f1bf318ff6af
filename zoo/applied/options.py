"""How a model is applied to recordings, and whether a recording is one that it can read."""

import warnings
from dataclasses import dataclass
from math import isclose

from zoo_registry import About, DataError, InputSpec, ModelSpec, Registry, SpecError, ZooNote

from zoo.recordings.windows import Cut
from zoo.weights.manifest import bundle_in, read_manifest, stored_spec

_SAME_RATE = 1e-6
_WHOLE = 1e-6
_HINT = "use a model trained on such recordings"


@dataclass(frozen=True)
class Options:
    """``step`` from one window to the next in seconds (None = the length of a window), the ``rate`` in Hz of a model
    that does not say it, whether recordings of another rate are resampled, and the probability below which a window is
    ``unsure``."""

    step: float | None = None
    rate: float | None = None
    resample: bool = False
    unsure: float = 0.0


def model_in(source: str, registry: Registry) -> ModelSpec:
    """The spec of the model of a bundle or a run, which can be applied to recordings; raises ZooError for any other."""
    found = stored_spec(bundle_in(source), read_manifest(bundle_in(source)), registry)
    input_of(found, source)
    return found


def input_of(model: ModelSpec, bundle: str) -> InputSpec:
    """The input of a model that can be applied to recordings; raises SpecError for any other."""
    if not isinstance(model.input, InputSpec):
        raise SpecError(bundle, "a model that reads series", "one that reads ready-made images", "use another bundle")
    if model.head is None and model.quantizer is None:
        hint = "train one with a head; `zoo list head` shows the kinds"
        raise SpecError(bundle, "a model with a head or a codebook", "neither", hint)
    return model.input


def cut_for(model: ModelSpec, bundle: str, about: About, recording: str, options: Options) -> Cut:
    """How windows of a recording are cut for the model of ``bundle``: as its training data were, also smoothed.

    Raises SpecError for an unusable model or step, DataError for a recording of other axes, units or rate; warns with
    ZooNote if the model does not say which axes and units it reads.
    """
    given = input_of(model, bundle)
    rate = _rate(given, bundle, options)
    _require_axes(given, bundle, about, recording, model.channelwise)
    _require_units(given, bundle, about, recording)
    same = isclose(rate, about.rate, rel_tol=_SAME_RATE)
    if not same and not options.resample:
        hint = "add --resample, or use a model trained at this rate"
        raise DataError(recording, f"{rate:g} Hz, as {bundle} reads", f"{about.rate:g} Hz", hint)
    length = given.length / rate
    return Cut(length, _step(options.step, length, rate), None if same else rate, given.smooth or 0.0)


def _rate(given: InputSpec, bundle: str, options: Options) -> float:
    rates = [rate for rate in (given.rate, options.rate) if rate is not None]
    if not rates:
        hint = "add --rate with that of its training data, such as --rate 100"
        raise SpecError(bundle, "a model that says the rate of its windows", "none", hint)
    if not isclose(rates[0], rates[-1], rel_tol=_SAME_RATE):
        raise SpecError("--rate", f"{rates[0]:g} Hz, as {bundle} says", f"{rates[-1]:g}", "leave --rate out")
    return rates[0]


def _step(step: float | None, length: float, rate: float) -> float:
    if step is None:
        return length
    count = round(step * rate)
    if count < 1 or abs(step * rate - count) > _WHOLE * count:
        hint = f"use --step {max(1, count) / rate:.6g}s"
        raise SpecError("--step", f"a whole number of samples at {rate:g} Hz", f"{step * rate:.6g}", hint)
    if step > length * (1 + _WHOLE):
        raise SpecError("--step", f"at most the {length:g} s of a window", f"{step:g} s", "choose a smaller one")
    return step


def _require_axes(given: InputSpec, bundle: str, about: About, recording: str, channelwise: bool) -> None:
    if len(about.axes) != given.channels and not channelwise:
        expected = f"{given.channels} axes, as {bundle} reads"
        raise DataError(recording, expected, f"{len(about.axes)} ({', '.join(about.axes)})", _HINT)
    if given.channel_names is None:
        warnings.warn(
            f"{bundle} does not say which axes it reads: those of {recording} are used", ZooNote, stacklevel=3
        )
    elif given.channel_names != about.axes:
        expected = f"the axes {', '.join(given.channel_names)}, as {bundle} reads"
        raise DataError(recording, expected, ", ".join(about.axes), _HINT)


def _require_units(given: InputSpec, bundle: str, about: About, recording: str) -> None:
    if given.units is None or about.units is None:
        silent = bundle if given.units is None else recording
        warnings.warn(f"{silent} does not say its units: make sure that they are the same", ZooNote, stacklevel=3)
    elif given.units != about.units:
        raise DataError(recording, f"values in {given.units}, as {bundle} reads", about.units, _HINT)
