"""Predictions of a model for the windows of a recording, in the order of time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from zoo_registry import About, DataError

from zoo.applied.likeness import Flags, Likeness
from zoo.codebook.token_file import token_arrays
from zoo.contracts import CodedOutput
from zoo.model.assembly import ZooModel
from zoo.recordings.movement import angle_z, enmo
from zoo.recordings.segments import TimeSpan, Values
from zoo.recordings.sources import Source
from zoo.recordings.windows import Cut, pieces

Array = NDArray[Any]
NO_CLASS = -1
_BATCH = 64


class Predicted(NamedTuple):
    """Consecutive windows of a recording; ``starts (w)`` are in seconds after its start.

    ``worn (w)``: no part of the window is unworn. ``label (w)`` are class indices, `NO_CLASS` where the device was not
    worn or the model has no head; ``probability`` and ``entropy`` (in nats) `(w)` are then NaN. ``movement (w)`` is the
    ENMO in mg and ``angle (w)`` the angle-z in degrees, None unless the axes are three in g. ``outside (w f)``: in what
    they are unlike the training data, as `Likeness.differing` says. ``tokens`` are the arrays of a token file, with a
    row for each worn window.
    """

    starts: Values
    worn: NDArray[np.bool_]
    label: NDArray[np.int64]
    probability: Values
    entropy: Values
    movement: Values | None
    angle: Values | None
    outside: Flags | None
    tokens: Mapping[str, Array]


def predictions(model: ZooModel, source: Source, how: Cut, known: Likeness) -> Iterator[Predicted]:
    """What ``model``, in evaluation mode, predicts for every window of a recording; a few thousand are in memory.

    No window lies over a gap. Windows are compared with what is ``known`` of the training data. Raises
    DataError for a window whose logits are not finite.
    """
    about, spans = source.survey.about, [TimeSpan(0, source.survey.seconds, 0)]
    parts = pieces(source.recording, spans, how, source.correct)
    for starts, x in _batches(((piece.starts, piece.x) for piece in parts), _BATCH):
        worn = _worn(starts, how.length, source.unworn)
        label = np.full(len(starts), NO_CLASS)
        probability, entropy = np.full(len(starts), np.nan), np.full(len(starts), np.nan)
        logits, tokens = _run(model, x[worn]) if worn.any() else (None, {})
        if logits is not None:
            _require_finite(logits, starts[worn], source)
            chance = logits.softmax(1)
            label[worn] = logits.argmax(1).numpy()
            probability[worn] = chance.amax(1).numpy()
            entropy[worn] = torch.special.entr(chance).sum(1).numpy()
        movement, angle = _mean(lambda sample: 1000 * enmo(sample), x, about), _mean(angle_z, x, about)
        yield Predicted(starts, worn, label, probability, entropy, movement, angle, known.differing(x), tokens)


def _batches(parts: Iterable[tuple[Values, Values]], size: int) -> Iterator[tuple[Values, Values]]:
    """Starts and windows in batches of ``size``, without windows in which nothing was observed."""
    held: tuple[Values, Values] | None = None
    for starts, x in parts:
        seen = np.isfinite(x).any((1, 2))
        new = starts[seen], x[seen]
        held = new if held is None else (np.concatenate([held[0], new[0]]), np.concatenate([held[1], new[1]]))
        whole = len(held[0]) // size * size
        for first in range(0, whole, size):
            yield held[0][first : first + size], held[1][first : first + size]
        held = held[0][whole:], held[1][whole:]
    if held is not None and len(held[0]):
        yield held


def _worn(starts: Values, length: float, unworn: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    first, last = np.array([*unworn, (np.inf, np.inf)]).T
    following = np.searchsorted(last, starts, side="right")
    worn: NDArray[np.bool_] = first[following] >= starts + length
    return worn


@torch.no_grad()
def _run(model: ZooModel, windows: Values) -> tuple[Tensor | None, Mapping[str, Array]]:
    """Logits `(w k)` in float64, None without a head, and the arrays of a token file."""
    count = len(windows)
    # Padded with the last window: rounding, and so the nearest code, may depend on the batch size.
    x = torch.from_numpy(np.pad(windows.astype(np.float32), ((0, _BATCH - count), (0, 0), (0, 0)), mode="edge"))
    seen = x.isfinite()
    mask = None if bool(seen.all()) else seen.to(model.device)
    output = model.encode(x.nan_to_num(0, 0, 0).to(model.device), mask)
    codes = model.trace.codes
    tokens = token_arrays(output, count, codes["k"]) if codes and isinstance(output, CodedOutput) else {}
    if model.head is None or model.spec.head is None:
        return None, tokens
    if model.spec.head.needs == "recon":
        output = model.decode(output)
    return model.head(output)[:count].double().cpu(), tokens


def _require_finite(logits: Tensor, starts: Values, source: Source) -> None:
    finite = logits.isfinite().all(1).numpy()
    if not finite.all():
        where = f"{source.name}, {source.survey.at(float(starts[~finite][0]))}"
        hint = "train the model again, with a lower learning rate"
        raise DataError(where, "finite logits", "NaN or infinite ones", hint)


def _mean(measure: Callable[[Values], Values], x: Values, about: About) -> Values | None:
    """The mean of ``measure`` over the samples of every window `x (w c t)`; None unless the axes are three in g."""
    if about.units != "g" or len(about.axes) != 3:
        return None
    samples = measure(x.transpose(1, 0, 2).reshape(3, -1)).reshape(len(x), -1)
    found: Values = samples.mean(1)
    return found
