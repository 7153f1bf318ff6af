"""The torch side of the contract: what travels between components and what each role must do."""

from zoo.contracts.masking import instance_scale, masked_mean
from zoo.contracts.roles import Decoder, Encoder, Fusion, Head, Image, Quantizer
from zoo.contracts.standardize import Standardize
from zoo.contracts.values import (
    Attributes,
    CodeTable,
    Decoded,
    Losses,
    Output,
    Quantized,
    Scale,
    Stats,
    Tokens,
)

__all__ = [
    "Attributes",
    "CodeTable",
    "Decoded",
    "Decoder",
    "Encoder",
    "Fusion",
    "Head",
    "Image",
    "Losses",
    "Output",
    "Quantized",
    "Quantizer",
    "Scale",
    "Standardize",
    "Stats",
    "Tokens",
    "instance_scale",
    "masked_mean",
]
