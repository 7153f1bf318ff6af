"""The conformance tests report every fault in the initialisation, resets and terms of a learned codebook."""

import pytest
import torch
from torch import Tensor
from zoo_quantizers import EMA

from zoo.contracts import CodebookMaintenance, Resizing, Stats
from zoo.testing import check_component


def never(self: CodebookMaintenance, stats: Stats) -> bool:
    return False


def always(self: CodebookMaintenance, stats: Stats) -> bool:
    return self.spec.start == "kmeans"


def adding(self: CodebookMaintenance, one: Stats, other: Stats) -> Stats:
    return {name: value + other[name] for name, value in one.items()}


@torch.no_grad()
def unmasked(self: CodebookMaintenance, codes: Tensor, latents: Tensor, mask: Tensor | None) -> Stats:
    return STATS(self, codes, latents.nan_to_num(), None)


def forgetful(self: CodebookMaintenance, *given: object) -> None:
    INIT(self, *given)
    if self.resets:
        self.register_buffer("use", self.use, persistent=False)
        self.resizing = Resizing


STATS, INIT = CodebookMaintenance.stats, CodebookMaintenance.__init__

FAULTS = {
    "due": (never, "after the start 90 tokens have . codes, not 45"),
    "due ": (always, "of a codebook that has codes"),
    "merge": (adding, "merging the statistics of two batches"),
    "stats": (unmasked, "other content at masked places changes stats"),
    "__init__": (forgetful, "goes on otherwise after loading"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(monkeypatch, name):
    faulty, message = FAULTS[name]
    monkeypatch.setattr(CodebookMaintenance, name.strip(), faulty)
    with pytest.raises(AssertionError, match=message):
        check_component(EMA())
