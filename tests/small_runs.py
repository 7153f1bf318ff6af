"""Models that train in a second."""

PUBLISHED = {"read": "query", "place": "free", "level": "learned"}
"""VQShape's encoder as published: queries over the whole series give code vectors, places and levels."""

SHAPES = {
    "encoder": {"kind": "vqshape.encoder", **PUBLISHED, "patches": 8, "dim": 16, "heads": 2, "layers": 1,
                "tokenizer_heads": 2, "tokenizer_layers": 1},
    "quantizer": {"kind": "quantizers.ema", "codes": 6},
    "decoder": {"kind": "vqshape.decoder", "dim": 16, "heads": 2, "layers": 1, "shape_samples": 16},
    "head": {"kind": "heads.token-linear"},
}  # fmt: skip
SIGNAL = {"head": {"kind": "wrn.signal", "depth": 10}}
