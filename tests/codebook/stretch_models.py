"""A codebook without a network: k-means of standardised stretches, placed back by overlap-add."""

from typing import ClassVar

import torch
from made_models import BookSpec
from torch import Tensor
from zoo_registry import STRETCH, Attribute, DecoderSpec, EncoderSpec, InputSpec, ModelSpec, Shape

from zoo.contracts import Decoded, Decoder, Encoder, Tokens, read_stretches
from zoo.contracts.kmeans import kmeans
from zoo.data.batch import Batch
from zoo.model.assembly import ZooModel

TOKENS, SAMPLES, FLOOR = 20, 32, 0.05
LENGTH = 1.5 / TOKENS


class StretchesSpec(EncoderSpec):
    """Stretches on an even grid, each half as long again as its share of the series, and standardised."""

    kind: str = "made.stretches"
    attributes: ClassVar[tuple[Attribute, ...]] = STRETCH

    def output(self, x: Shape) -> Shape:
        return Shape.of("c n d", x["c"], TOKENS, SAMPLES)

    def build(self, x: Shape) -> Encoder:
        return Stretches()


class Stretches(Encoder):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        start = (torch.arange(TOKENS) * (1 - LENGTH) / (TOKENS - 1)).expand(*x.shape[:2], -1)
        length = torch.full_like(start, LENGTH)
        stretch, observed = read_stretches(x, start, length, SAMPLES, mask)
        mu, sigma = stretch.mean(-1), stretch.std(-1, correction=0).clamp(min=FLOOR)
        values = (stretch - mu[..., None]) / sigma[..., None]
        return Tokens(
            values, None if observed is None else observed.all(-1), {"t": start, "l": length, "mu": mu, "sigma": sigma}
        )


class OverlapSpec(DecoderSpec):
    """Vectors are shapes; the series is the sum of sigma · shape + mu over tokens, with smooth window weights."""

    kind: str = "made.overlap"
    needs_attributes: ClassVar[tuple[str, ...]] = ("t", "l", "mu", "sigma")

    def output(self, tokens: Shape, series: Shape) -> Shape:
        return series

    def shapes(self, tokens: Shape) -> Shape:
        return Shape.of("c n s", tokens["c"], tokens["n"], SAMPLES)

    def build(self, tokens: Shape, series: Shape) -> Decoder:
        return Overlap(series["t"])


class Overlap(Decoder):
    def __init__(self, length: int) -> None:
        super().__init__()
        place = torch.linspace(0, 1, length)
        start = torch.arange(TOKENS)[:, None] * (1 - LENGTH) / (TOKENS - 1)
        within = (place - start) / LENGTH
        inside = (within >= -1e-6) & (within <= 1 + 1e-6)
        weight = torch.where(inside, torch.sin(torch.pi * within.clamp(0, 1)).square() + 0.001, 0)
        near = (within[:, None] * (SAMPLES - 1) - torch.arange(SAMPLES)[:, None]).abs()
        self.weights = (weight / weight.sum(0))[:, None] * (1 - near).clamp(min=0)

    def forward(self, tokens: Tokens, table: object = None) -> Decoded:
        shapes = tokens.values * tokens.attributes["sigma"][..., None] + tokens.attributes["mu"][..., None]
        return Decoded(torch.einsum("bcns,nst->bct", shapes, self.weights), shapes)

    def targets(
        self, tokens: Tokens, series: Tensor, mask: Tensor | None, samples: int
    ) -> tuple[Tensor, Tensor | None]:
        return read_stretches(series, tokens.attributes["t"], tokens.attributes["l"], samples, mask)


def stretch_model(vectors: Tensor, channels: int, length: int, classes: int) -> ZooModel:
    """A model of these parts with ``vectors (k 32)`` as its codebook."""
    spec = ModelSpec(
        input=InputSpec(channels=channels, length=length, classes=classes),
        encoder=StretchesSpec(),
        quantizer=BookSpec(vectors=tuple(map(tuple, vectors.tolist()))),
        decoder=OverlapSpec(),
    )
    return ZooModel(spec).eval()


@torch.no_grad()
def clustered(train: list[Batch], codes: int, seed: int = 0) -> Tensor:
    """``codes`` vectors found by k-means from the standardised stretches of training windows, `(k 32)`."""
    classes = 1 + max(int(batch.y.max()) for batch in train)
    model = stretch_model(torch.zeros(2, SAMPLES), *train[0].x.shape[1:], classes)
    tokens = torch.cat([model.encode(batch.x).tokens.values.flatten(0, 2) for batch in train])
    torch.manual_seed(seed)
    return kmeans(tokens[torch.randperm(len(tokens))[:20_000]], codes).vectors.float()


def noise(codes: int, seed: int = 0) -> Tensor:
    """Shapes of white noise with mean 0 and deviation 1, `(k 32)`."""
    found = torch.randn(codes, SAMPLES, generator=torch.Generator().manual_seed(seed))
    return (found - found.mean(-1, keepdim=True)) / found.std(-1, correction=0, keepdim=True)
