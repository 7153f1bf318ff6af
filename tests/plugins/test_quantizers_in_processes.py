"""Two processes with a batch each train as one with both: losses, weights and codes, with every codebook option on."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from zoo_quantizers import EMA, FSQ, LFQ, Cosine, Residual
from zoo_registry import QuantizerSpec, Shape
from zoo_vqshape import CodebookSpec

from zoo.contracts import Quantizer, summed, world_size
from zoo.model.per_channel import PerChannel

TOKENS = Shape.of("c n d", 2, 7, 4)
STEPS, BATCH = 5, 3
CARE = {"start": "kmeans", "reset_after": 2, "reset_below": 0.6}
SPECS: dict[str, QuantizerSpec] = {
    "ema": EMA(codes=8),
    "cosine": Cosine(codes=8),
    "residual": Residual(codes=8, levels=3),
    "fsq": FSQ(levels=(4, 3, 5)),
    "lfq": LFQ(bits=4),
    "vqshape": CodebookSpec(codes=8),
    "ema with care": EMA(codes=8, entropy=0.3, **CARE),
    "cosine with care": Cosine(codes=8, entropy=0.3, temperature=0.1, **CARE),
    "residual with care": Residual(codes=8, levels=3, width=3, entropy=0.3, **CARE),
    "vqshape with care": CodebookSpec(codes=8, orthogonal_weight=0.2, temperature=0.5, **CARE),
    "ema per channel with care": EMA(codes=4, entropy=0.3, **CARE),
}

Found = dict[str, list[Tensor]]


class Coder(nn.Module):
    """A linear map in, a quantizer, and a linear map out."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(4, 4), nn.Linear(4, 4)
        if "per channel" in name:
            one = TOKENS.replace(c=1)
            self.quantizer: Quantizer = PerChannel([SPECS[name].build(one) for _ in range(2)])
        else:
            self.quantizer = SPECS[name].build(TOKENS)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Any]:
        found = self.quantizer(self.encoder(x), mask)
        z = self.quantizer.losses(found, mask)["z"]
        return (self.decoder(found.values) - x).square().mean() + z, found.stats


def train(name: str, rank: int, ranks: int) -> Found:
    """Five steps of gradient descent on this rank's share of each batch, gradients averaged as DDP does."""
    torch.manual_seed(0)
    model = Coder(name).double().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found: Found = {"losses": [], "resets": []}
    for step in range(STEPS):
        random = torch.Generator().manual_seed(step)
        x = torch.randn(2 * BATCH, *TOKENS.sizes, generator=random, dtype=torch.float64) * (1 + step % 3)
        mask = (torch.rand(BATCH, *TOKENS.sizes[:2], generator=random) > 0.3).repeat(2, 1, 1)
        rows = slice(rank * 2 * BATCH // ranks, (rank + 1) * 2 * BATCH // ranks)
        loss, stats = model(x[rows], mask[rows])
        optimizer.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.grad = summed(parameter.grad) / world_size()
        optimizer.step()
        if stats is not None:
            torch.manual_seed(step + 100 * rank)
            model.quantizer.update(stats)
        found["losses"].append(summed(loss.detach()) / world_size())
        uses = [value for key, value in model.state_dict().items() if key.endswith("care.use")]
        found["resets"].append(torch.tensor(sum(int((use == 1).sum()) for use in uses)))
    return found | {key: [value] for key, value in model.state_dict().items()}


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    meet = f"file://{folder}/meet"
    dist.init_process_group("gloo", meet, timedelta(seconds=60), world_size=2, rank=rank)
    torch.save({name: train(name, rank, 2) for name in SPECS}, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Found]]:
    """Results of each of two processes, by name of the quantizer."""
    folder: Path = tmp_path_factory.mktemp("processes")
    torch.multiprocessing.spawn(work, (str(folder),), nprocs=2)
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_two_processes_train_as_one(name: str, trained: list[dict[str, Found]]) -> None:
    one, (first, second) = train(name, 0, 1), (found[name] for found in trained)
    assert one.keys() == first.keys() == second.keys()
    for key, values in one.items():
        for alone, mine, other in zip(values, first[key], second[key], strict=True):
            assert torch.equal(mine, other), f"{key} differs between processes"
            torch.testing.assert_close(mine, alone, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SPECS if "with care" in name])
def test_codes_were_reset_during_the_training(name: str, trained: list[dict[str, Found]]) -> None:
    """After initialisation, when use is even: otherwise the test above would not cover resets."""
    resets = trained[0][name]["resets"]
    assert any(int(number) > 0 for number in resets[1:])
