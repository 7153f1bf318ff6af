"""How close rebuilt signals are to the raw ones, per channel, beside two baselines that need no model."""

import torch
from pydantic import BaseModel
from torch import Tensor
from torchmetrics import Metric

_FIELDS = ("count", "error", "error_mean", "error_low", "within", "total", "squares", "correlation", "series")


class ChannelScore(BaseModel, frozen=True):
    """One channel, or all of them together.

    ``mse`` is in the data's units squared; ``nmse`` is mse over the variance about the split's channel mean; ``r2``
    is 1 − error / spread about each window's *own* mean, so that giving the mean back earns nothing; ``correlation``
    is the mean Pearson correlation over windows. ``mean_mse`` is what each window's mean scores, ``lowpass_mse`` its
    lowest Fourier coefficients, as many real numbers as the model has tokens.
    """

    name: str
    mse: float
    nmse: float | None
    r2: float | None
    correlation: float | None
    mean_mse: float
    lowpass_mse: float


class Reconstruction(Metric):
    """Sums over observed samples, per channel; float64, so that the order of batches does not show."""

    full_state_update = False

    def __init__(self, channels: int, tokens: int) -> None:
        super().__init__()
        self.channels = channels
        self.tokens = tokens
        for name in _FIELDS:
            self.add_state(name, torch.zeros(channels, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, x: Tensor, rebuilt: Tensor, mask: Tensor | None = None) -> None:
        """Add raw and rebuilt signals `(b c t)`, of which ``mask (b c t)`` is observed."""
        x, rebuilt = x.detach().double(), rebuilt.detach().double()
        seen = torch.ones_like(x) if mask is None else mask.double()
        count = seen.sum(-1, keepdim=True).clamp(min=1)
        mean = (x * seen).sum(-1, keepdim=True) / count
        centred = (x - mean) * seen
        rebuilt_centred = (rebuilt - (rebuilt * seen).sum(-1, keepdim=True) / count) * seen
        within = centred.square().sum(-1)
        norm = (within * rebuilt_centred.square().sum(-1)).sqrt()
        flat = norm <= 1e-12
        found = {
            "count": seen.sum(-1),
            "error": ((x - rebuilt) * seen).square().sum(-1),
            "error_mean": within,
            "error_low": (centred - low_pass(centred, self.tokens)).mul(seen).square().sum(-1),
            "within": within,
            "total": (x * seen).sum(-1),
            "squares": (x * seen).square().sum(-1),
            "correlation": torch.where(flat, 0.0, (centred * rebuilt_centred).sum(-1) / norm.clamp(min=1e-12)),
            "series": (~flat).double(),
        }
        for name, value in found.items():
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


def _score(name: str, sums: dict[str, Tensor], spread: Tensor) -> ChannelScore:
    count = float(sums["count"].clamp(min=1))
    return ChannelScore(
        name=name,
        mse=float(sums["error"]) / count,
        nmse=_ratio(sums["error"], spread),
        r2=None if sums["within"] <= 0 else 1 - float(sums["error"] / sums["within"]),
        correlation=_ratio(sums["correlation"], sums["series"]),
        mean_mse=float(sums["error_mean"]) / count,
        lowpass_mse=float(sums["error_low"]) / count,
    )


def _ratio(numerator: Tensor, denominator: Tensor) -> float | None:
    return float(numerator / denominator) if float(denominator) > 0 else None
