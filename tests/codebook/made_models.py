"""Models made by hand, without training, whose codebooks are good or broken on purpose."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from zoo_registry import (
    STRETCH,
    Attribute,
    DecoderSpec,
    EncoderSpec,
    HeadSpec,
    InputSpec,
    ModelSpec,
    Need,
    QuantizerSpec,
    Shape,
)

from zoo.codebook.book import Measured
from zoo.codebook.measure import Windows, measure
from zoo.contracts import Decoded, Decoder, Encoder, Head, Output, Quantized, Quantizer, Tokens, histogram
from zoo.data.batch import Batch
from zoo.model.assembly import ZooModel

SEGMENTS, SAMPLES, CLASSES = 4, 16, 3
NAMES = ("walk", "sit", "stairs")

_time = torch.linspace(0, 1, SAMPLES)
TEMPLATES = torch.stack(
    [
        torch.sin(2 * torch.pi * _time),
        torch.cos(2 * torch.pi * _time),
        torch.sin(4 * torch.pi * _time),
        torch.cos(4 * torch.pi * _time),
        torch.sin(6 * torch.pi * _time),
        torch.exp(-(((_time - 0.5) / 0.08) ** 2)),
    ]
)
TEMPLATES = (TEMPLATES - TEMPLATES.mean(1, keepdim=True)) / TEMPLATES.std(1, keepdim=True, correction=0)


class SegmentsSpec(EncoderSpec):
    """Windows cut into four segments; each token is its normalised samples."""

    kind: str = "made.segments"
    attributes: ClassVar[tuple[Attribute, ...]] = STRETCH

    def output(self, x: Shape) -> Shape:
        return Shape.of("c n d", x["c"], SEGMENTS, SAMPLES)

    def build(self, x: Shape) -> Encoder:
        return Segments()


class Segments(Encoder):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        cut = x.unflatten(-1, (SEGMENTS, SAMPLES))
        mu, sigma = cut.mean(-1), cut.std(-1, correction=0) + 1e-6
        start = (torch.arange(SEGMENTS) / SEGMENTS).expand_as(mu)
        values = (cut - mu[..., None]) / sigma[..., None]
        real = None if mask is None else mask.unflatten(-1, (SEGMENTS, SAMPLES)).any(-1)
        return Tokens(values, real, {"t": start, "l": torch.full_like(start, 1 / SEGMENTS), "mu": mu, "sigma": sigma})


class BookSpec(QuantizerSpec):
    """Nearest of the given vectors."""

    kind: str = "made.book"
    vectors: tuple[tuple[float, ...], ...]

    def codebook(self, x: Shape) -> Shape:
        return Shape.of("q k", 1, len(self.vectors))

    def build(self, x: Shape) -> Quantizer:
        return Book(torch.tensor(self.vectors))


class Book(Quantizer):
    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors = torch.nn.Parameter(vectors)

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        codes = torch.cdist(values, self.vectors.expand(*values.shape[:2], -1, -1)).argmin(-1, keepdim=True)
        return Quantized(self.decode(codes), codes, values)

    def decode(self, codes: Tensor) -> Tensor:
        return self.vectors[codes.squeeze(-1)]

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> dict[str, Tensor]:
        return {"z": quantized.values.new_zeros(())}


class DrawSpec(DecoderSpec):
    """Shapes drawn at their positions; with ``deaf``, only their offsets, whatever the codes."""

    kind: str = "made.draw"
    deaf: bool = False

    def output(self, tokens: Shape, series: Shape) -> Shape:
        return Shape.of("c t", tokens["c"], series["t"])

    def shapes(self, tokens: Shape) -> Shape:
        return Shape.of("c n s", tokens["c"], tokens["n"], SAMPLES)

    def build(self, tokens: Shape, series: Shape) -> Decoder:
        return Draw(self.deaf)


class Draw(Decoder):
    def __init__(self, deaf: bool) -> None:
        super().__init__()
        self.deaf = deaf

    def forward(self, tokens: Tokens, table: object = None) -> Decoded:
        mu, sigma = (tokens.attributes[name][..., None] for name in ("mu", "sigma"))
        shapes = tokens.values * sigma + mu
        series = mu.expand_as(shapes) if self.deaf else shapes
        return Decoded(series.flatten(-2), shapes)

    def targets(
        self, tokens: Tokens, series: Tensor, mask: Tensor | None, samples: int
    ) -> tuple[Tensor, Tensor | None]:
        cut = (SEGMENTS, SAMPLES)
        return series.unflatten(-1, cut), None if mask is None else mask.unflatten(-1, cut)


class VotesSpec(HeadSpec):
    """Codes vote for classes: code k for class k // 2 modulo 3."""

    kind: str = "made.votes"
    needs: ClassVar[Need] = "codes"

    def build(self, x: Shape, classes: int) -> Head:
        return Votes(x["k"], classes)


class Votes(Head):
    def __init__(self, codes: int, classes: int) -> None:
        super().__init__()
        self.codes = codes
        self.votes = torch.nn.functional.one_hot(torch.arange(codes) // 2 % classes, classes)

    def forward(self, output: Output) -> Tensor:
        assert output.quantized is not None
        assert output.tokens is not None
        counts = histogram(output.quantized.codes, output.tokens.mask, self.codes).sum((1, 2))
        return (counts @ self.votes.to(counts.dtype)).float()


def made(vectors: Tensor = TEMPLATES, deaf: bool = False, channels: int = 2, per_channel: bool = False) -> ZooModel:
    """A model of these parts with ``vectors (k d)`` as its codebook."""
    spec = ModelSpec(
        input=InputSpec(channels=channels, length=SEGMENTS * SAMPLES, classes=CLASSES),
        encoder=SegmentsSpec(),
        quantizer=BookSpec(vectors=tuple(map(tuple, vectors.tolist()))),
        decoder=DrawSpec(deaf=deaf),
        head=VotesSpec(),
        scale="none",
        codebook="per_channel" if per_channel else "shared",
    )
    return ZooModel(spec).eval()


def batches(windows: int, seed: int, channels: int = 2, batch: int = 16, classes: int = CLASSES) -> list[Batch]:
    """Windows composed of templates; nine tenths of the templates of a class are its own two."""
    rng = np.random.default_rng(seed)
    y = np.arange(windows) % classes
    own = 2 * y[:, None, None] + rng.integers(0, 2, (windows, channels, SEGMENTS))
    other = rng.integers(0, len(TEMPLATES), own.shape)
    which = np.where(rng.random(own.shape) < 0.9, own, other)
    scale, offset = rng.uniform(0.8, 1.2, (*own.shape, 1)), rng.normal(0, 0.5, (*own.shape, 1))
    x = TEMPLATES.numpy()[which] * scale + offset + rng.normal(0, 0.1, (*own.shape, SAMPLES))
    x = torch.from_numpy(x.reshape(windows, channels, -1).astype(np.float32))
    parts = torch.arange(windows).split(batch)
    return [Batch(x[part], None, torch.from_numpy(y)[part], part) for part in parts]


def measured(model: ZooModel, split: Sequence[Batch] | None = None, train: Sequence[Batch] | None = None) -> Measured:
    """All measures of a model on such windows."""
    channels = model.trace.signal["c"]
    split = batches(30, 1, channels) if split is None else split
    train = batches(45, 2, channels) if train is None else train
    return measure(model, Windows("test", split, split[:1], train), NAMES)
