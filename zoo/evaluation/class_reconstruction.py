"""How well windows of each class are rebuilt, over all channels and in each."""

import torch
from torch import Tensor
from torchmetrics import Metric

from zoo.evaluation.fit import Sums, errors, mse, r2, seen_in
from zoo.evaluation.report import ChannelFit, ClassReconstruction

_FIELDS = ("count", "error", "within")


class ClassReconstructions(Metric):
    """Squared errors and spreads over observed samples, per class and channel; float64 sums."""

    full_state_update = False
    windows: Tensor

    def __init__(self, names: tuple[str, ...], channels: int) -> None:
        super().__init__()
        self.names = names
        self.channels = channels
        self.add_state("windows", torch.zeros(len(names), dtype=torch.int64), dist_reduce_fx="sum")
        for name in _FIELDS:
            self.add_state(name, torch.zeros(len(names), channels, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, x: Tensor, rebuilt: Tensor, target: Tensor, mask: Tensor | None = None) -> None:
        """Add raw and rebuilt signals `(b c t)` of classes `target (b)`, of which ``mask (b c t)`` is observed."""
        self.windows.index_add_(0, target, torch.ones_like(target))
        for name, value in errors(x.detach().double(), rebuilt.detach().double(), seen_in(x, mask)).items():
            state: Tensor = getattr(self, name)
            state.index_add_(0, target, value)

    def compute(self) -> dict[str, Tensor]:
        """The sums, `(k c)` each."""
        return {name: getattr(self, name) for name in _FIELDS}

    def report(self) -> list[ClassReconstruction]:
        """One report per class, in order."""
        shape = len(self.names), self.channels
        sums = {name: value.cpu().reshape(shape) for name, value in self.compute().items()}
        rows = [{name: value[k] for name, value in sums.items()} for k in range(len(self.names))]
        return [
            self._class(name, int(windows), row)
            for name, windows, row in zip(self.names, self.windows.tolist(), rows, strict=True)
        ]

    def _class(self, name: str, windows: int, sums: Sums) -> ClassReconstruction:
        whole = {field: value.sum() for field, value in sums.items()}
        every = [{field: value[c] for field, value in sums.items()} for c in range(self.channels)]
        channels = [ChannelFit(name=f"channel {c}", mse=mse(s), r2=r2(s)) for c, s in enumerate(every)]
        return ClassReconstruction(
            name=name,
            windows=windows,
            mse=mse(whole) if windows else None,
            r2=r2(whole),
            channels=channels if windows else [],
        )
