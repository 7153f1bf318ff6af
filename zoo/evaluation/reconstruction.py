"""Error of rebuilt signals per channel, with baselines that need no model."""

import torch
from torch import Tensor
from torchmetrics import Metric

from zoo.evaluation.fit import Sums, centred, errors, mse, r2, ratio, seen_in
from zoo.evaluation.report import ChannelScore

_FIELDS = (
    "count",
    "error",
    "error_mean",
    "error_low",
    "within",
    "total",
    "squares",
    "correlation",
    "series",
    "power",
    "power_error",
)


class Reconstruction(Metric):
    """Sums over observed samples, per channel; float64, so that the order of batches does not matter."""

    full_state_update = False

    def __init__(self, channels: int, tokens: int) -> None:
        super().__init__()
        self.channels = channels
        self.tokens = tokens
        for name in _FIELDS:
            self.add_state(name, torch.zeros(channels, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, x: Tensor, rebuilt: Tensor, mask: Tensor | None = None) -> None:
        """Add raw and rebuilt signals `(b c t)`, of which ``mask (b c t)`` is observed."""
        for name, value in _window_sums(x, rebuilt, mask, self.tokens).items():
            state: Tensor = getattr(self, name)
            state += value.sum(0)

    def compute(self) -> dict[str, Tensor]:
        """The sums, `(c)` each."""
        return {name: getattr(self, name) for name in _FIELDS}

    def report(self) -> list[ChannelScore]:
        """Scores of every channel, then of all together under the name `all`."""
        sums = {name: value.cpu().reshape(self.channels) for name, value in self.compute().items()}
        spread = sums["squares"] - sums["total"].square() / sums["count"].clamp(min=1)
        every = [_score(f"channel {c}", {n: v[c] for n, v in sums.items()}, spread[c]) for c in range(self.channels)]
        return [*every, _score("all", {name: value.sum() for name, value in sums.items()}, spread.sum())]


def low_pass(x: Tensor, numbers: int) -> Tensor:
    """`x (b c t)` rebuilt from its lowest frequencies, ``numbers`` real numbers of each series."""
    spectrum = torch.fft.rfft(x)
    spectrum[..., 1 + (numbers - 1) // 2 :] = 0
    kept: Tensor = torch.fft.irfft(spectrum, n=x.shape[-1])
    return kept


def periodogram(x: Tensor) -> Tensor:
    """Power of `x (b c t)` at each frequency above 0, `(b c t//2)`; one-sided, so that it adds up to t·Σx² for x of
    mean 0."""
    power: Tensor = torch.fft.rfft(x).abs().square()[..., 1:]
    folded: Tensor = 2 * power
    if x.shape[-1] % 2 == 0:
        folded[..., -1] = power[..., -1]
    return folded


def _window_sums(x: Tensor, rebuilt: Tensor, mask: Tensor | None, tokens: int) -> Sums:
    """Sums of every window, `(b c)` each; unobserved samples add nothing, whatever their values."""
    x, rebuilt, seen = x.detach().double(), rebuilt.detach().double(), seen_in(x, mask)
    found = errors(x, rebuilt, seen)
    true, made = centred(x, seen), centred(rebuilt, seen)
    norm = (found["within"] * made.square().sum(-1)).sqrt()
    flat = norm <= 1e-12
    power = periodogram(true)
    return {
        **found,
        "error_mean": found["within"],
        "error_low": (true - low_pass(true, tokens)).mul(seen).square().sum(-1),
        "total": (x * seen).sum(-1),
        "squares": (x * seen).square().sum(-1),
        "correlation": torch.where(flat, 0.0, (true * made).sum(-1) / norm.clamp(min=1e-12)),
        "series": (~flat).double(),
        "power": power.sum(-1),
        "power_error": (power - periodogram(made)).abs().sum(-1),
    }


def _score(name: str, sums: Sums, spread: Tensor) -> ChannelScore:
    count = float(sums["count"].clamp(min=1))
    return ChannelScore(
        name=name,
        mse=mse(sums),
        nmse=ratio(sums["error"], spread),
        r2=r2(sums),
        correlation=ratio(sums["correlation"], sums["series"]),
        spectral=ratio(sums["power_error"], sums["power"]),
        mean_mse=float(sums["error_mean"]) / count,
        lowpass_mse=float(sums["error_low"]) / count,
    )
