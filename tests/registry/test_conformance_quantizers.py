"""The conformance tests name the faults of quantizers: one fault, one message."""

import pytest
import torch
from torch import Tensor
from toy_plugin import Signs, SignSpec

from zoo.contracts import Losses, Quantized, Stats
from zoo.testing import check_component


class NarrowCodes(Signs):
    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        found = super().forward(values, mask)
        return found._replace(codes=found.codes.int())


class StrayCodes(Signs):
    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        found = super().forward(values, mask)
        return found._replace(codes=found.codes if mask is None else torch.where(mask[..., None], found.codes, 2))


class OtherValues(Signs):
    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        found = super().forward(values, mask)
        return found._replace(values=2 * found.values)


class EagerStatistics(Signs):
    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        return super().forward(values, mask)._replace(stats=self._stats(values, mask))


class MeanStatistics(Signs):
    def _stats(self, values: Tensor, mask: Tensor | None) -> Stats:
        stats = super()._stats(values, mask)
        return {"sum": stats["sum"] / stats["count"], "count": torch.ones(())}


class MaskedStatistics(Signs):
    def _stats(self, values: Tensor, mask: Tensor | None) -> Stats:
        return super()._stats(values, None)


class LearningForward(Signs):
    def _stats(self, values: Tensor, mask: Tensor | None) -> Stats:
        self.scale.mul_(0.5)
        return super()._stats(values, mask)


class StaleDecode(Signs):
    used: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("used", torch.ones(()))

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        found = super().forward(values, mask)
        return found._replace(values=found.values * self.used)

    def update(self, stats: Stats) -> None:
        self.used.fill_(2)


class SecretMover(Signs):
    def __init__(self) -> None:
        super().__init__()
        self.moves = False


class SilentLoss(Signs):
    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        return {"z.commit": super().losses(quantized, mask)["z"]}


class MisweighedPart(Signs):
    def part_weights(self) -> dict[str, float]:
        return {"z.commit": 2.0}


class UnknownPart(Signs):
    def part_weights(self) -> dict[str, float]:
        return {"z.nothing": 1.0}


class StrayLoss(Signs):
    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        return {**super().losses(quantized, mask), "y": torch.zeros(())}


class VectorLoss(Signs):
    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        return {"z": super().losses(quantized, mask)["z"].expand(2)}


class PaddedLoss(Signs):
    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        return super().losses(quantized, None)


QUANTIZERS = {
    NarrowCodes: "codes are torch.int32, not int64",
    StrayCodes: r"codes 0 to 2, the codebook is \(q=32, k=2\)",
    OtherValues: r"decode\(codes\) changes values",
    EagerStatistics: "statistics in eval mode",
    MeanStatistics: "merging the statistics of two batches changes",
    MaskedStatistics: "other content at masked places changes stats.sum",
    LearningForward: "forward in training mode changes scale",
    StaleDecode: r"decode\(codes\) changes values",
    SecretMover: "`moves` must be True",
    SilentLoss: r"gives parts of \['z'\] without the term",
    MisweighedPart: "the weighted parts of z changes z",
    UnknownPart: r"part_weights names z\.nothing, which losses does not give",
    StrayLoss: r"promises the terms \['z'\], gives \['y', 'z'\]",
    VectorLoss: "z is no finite scalar",
    PaddedLoss: "other content at masked places changes loss.z",
}


@pytest.mark.parametrize(
    ("module", "message"), QUANTIZERS.items(), ids=lambda part: part.__name__ if isinstance(part, type) else None
)
def test_a_fault_of_a_quantizer(monkeypatch, module, message):
    monkeypatch.setattr(SignSpec, "build", lambda self, x: module())
    with pytest.raises(AssertionError, match=f"^toy.signs: .*{message}"):
        check_component(SignSpec())
