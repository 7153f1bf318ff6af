"""Models that hold every installed component at least once, in combinations that make sense."""

from collections.abc import Mapping
from typing import Any

from tiny import REGISTRY, accepted, tiny

COMBINATIONS = (
    ("wrn.signal",),
    ("bag.signal",),
    ("images.gaf", "wrn.image"),
    ("images.gaf", "timm.classifier"),
    ("images.gaf", "timm.encoder", "quantizers.cosine", "heads.token-linear"),
    ("images.persistence", "wrn.image"),
    ("fusion.channelwise", "vqshape.encoder", "vqshape.codebook", "vqshape.renderer", "wrn.recon"),
    ("fusion.flatten", "vqshape.encoder", "quantizers.ema", "vqshape.decoder", "bag.recon"),
    ("fusion.mean", "conv.encoder", "quantizers.residual", "conv.decoder", "wrn.recon"),
    ("fusion.conv", "vqshape.encoder", "quantizers.fsq", "heads.token-linear"),
    ("fusion.attention", "vqshape.encoder", "quantizers.lfq", "heads.histogram-linear"),
    ("vqshape.encoder", "quantizers.ema", "vqshape.renderer"),
    ("conv.encoder", "quantizers.cosine"),
)
FREE = {"read": "query", "place": "free", "level": "learned"}
"""Fields of an encoder whose tokens differ in length from window to window."""


def spec(kinds: tuple[str, ...], small: bool = True, **fields: Any) -> dict[str, Any]:
    """The spec of a combination without its input; every component gets those of ``fields`` that it has."""
    parts: dict[str, Any] = {}
    for kind in kinds:
        sizes: Mapping[str, Any] = tiny(kind) if small else {}
        parts[REGISTRY.find(kind).role] = {"kind": kind, **sizes, **accepted(kind, fields)}
    return parts
