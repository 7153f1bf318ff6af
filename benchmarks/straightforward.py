"""A direct implementation of VQShape from its paper: every token's shape is decoded, every distance is computed.

It shares the weights of a model of the zoo, so that the results of both can be compared.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_vqshape.attributes import crowding
from zoo_vqshape.transformer import DecoderLayer, EncoderLayer

from zoo.contracts import Tokens, instance_scale, read_stretches
from zoo.model.assembly import ZooModel


class StraightforwardVQShape(nn.Module):
    """Losses x, z, s and dist of univariate series `(b 1 t)`, and their tokens."""

    def __init__(self, model: ZooModel) -> None:
        super().__init__()
        self.encoder, self.decoder, self.quantizer = model.encoder, model.decoder, model.quantizer
        self.shapes = model.decoder.shapes.layers
        for part in (self.encoder, self.decoder):
            _take_torch_layers(part)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        tokens, mean, deviation = self._encode(x)
        latents, codes = tokens.values, self.quantizer.embedding.weight
        distances = torch.cdist(latents.flatten(0, 2), codes).square()
        chosen = codes[distances.argmin(-1)].view_as(latents)
        values = latents + (chosen - latents).detach()
        series, shapes = self._decode(tokens._replace(values=values))
        rebuilt, shapes = series * deviation + mean, shapes * deviation[..., None] + mean[..., None]
        true, _ = read_stretches(x, tokens.attributes["t"], tokens.attributes["l"], shapes.shape[-1])
        return {
            "x": F.mse_loss(rebuilt, x),
            "z": self._distance_terms(latents, chosen, distances),
            "s": F.mse_loss(shapes, true.detach()),
            "dist": crowding(tokens.attributes, self.encoder.shortest),
        }

    def tokenize(self, x: Tensor) -> Tensor:
        """Tokens with attributes `(b 1 n d)`, computed as in the public release: by a full forward pass."""
        tokens, _, _ = self._encode(x)
        codes = self.quantizer.embedding.weight
        chosen = codes[torch.cdist(tokens.values.flatten(0, 2), codes).argmin(-1)].view_as(tokens.values)
        coded = tokens._replace(values=chosen)
        self._decode(coded)
        return coded.features()

    def _encode(self, x: Tensor) -> tuple[Tokens, Tensor, Tensor]:
        mean, deviation = instance_scale(x, None)
        return self.encoder((x - mean) / deviation), mean, deviation

    def _decode(self, tokens: Tokens) -> tuple[Tensor, Tensor]:
        raw = self.shapes(tokens.values.flatten(0, 2)).squeeze(1)
        shapes = (raw - raw.mean(-1, keepdim=True)) / (raw.std(-1, keepdim=True) + 1e-8)
        shapes = shapes.unflatten(0, tokens.values.shape[:3])
        drawn = shapes * tokens.attributes["sigma"].unsqueeze(-1) + tokens.attributes["mu"].unsqueeze(-1)
        return self.decoder._series(tokens), drawn

    def _distance_terms(self, latents: Tensor, chosen: Tensor, distances: Tensor) -> Tensor:
        p = F.softmax(-distances / self.quantizer.temperature, -1)
        mean = p.mean(0)
        doubt = -(p * p.clamp(min=1e-5).log()).sum(-1).mean() + (mean * mean.clamp(min=1e-5).log()).sum()
        weights = self.quantizer.weights
        return (
            weights["codebook"] * F.mse_loss(chosen, latents.detach())
            + weights["commit"] * F.mse_loss(latents, chosen.detach())
            + weights["entropy"] * doubt
        )


def _take_torch_layers(part: nn.Module) -> None:
    """The same layers and weights, with the forward pass of torch's own transformer layers."""
    for module in part.modules():
        for ours in (EncoderLayer, DecoderLayer):
            if isinstance(module, ours):
                module.__class__ = ours.__base__
