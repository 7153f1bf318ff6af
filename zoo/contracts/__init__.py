"""The torch side of the contract: the values passed between components, and the interface of each role."""

from zoo.contracts.adapted import Adapted, TrainingWindows, adapted_in
from zoo.contracts.codes import ResizeCodes
from zoo.contracts.counting import book_of, histogram, slots
from zoo.contracts.entropy import choice_entropy, entropy, pooled_mean
from zoo.contracts.kmeans import kmeans
from zoo.contracts.lessons import Distiller, FixedWeights, Lesson, Weigher, gram, merged_grams, unit_rows
from zoo.contracts.linear import LinearHead
from zoo.contracts.maintenance import CodebookMaintenance
from zoo.contracts.masking import instance_scale, masked_mean, masked_mse, observed, window_mean, zeroed
from zoo.contracts.nearest import nearest, straight_through
from zoo.contracts.processes import gathered, rows_of_all, shared, summed, world_size
from zoo.contracts.recording import recording
from zoo.contracts.required import required
from zoo.contracts.resizing import CentreKernel, ClassRows, Interpolate, ResampleInputs, Resize, Resizing, StartAnew
from zoo.contracts.roles import Component, Decoder, Encoder, Fusion, Head, IdentityFusion, Image, Quantizer
from zoo.contracts.shape_books import Evidence, ShapeBook, ShapesHead, Uses
from zoo.contracts.standardize import Standardize
from zoo.contracts.stretches import read_stretches
from zoo.contracts.text import ActionTable, ClassActions, Text, Worded
from zoo.contracts.values import (
    Attributes,
    CodedOutput,
    CodeTable,
    Decoded,
    DecodedOutput,
    EncodedOutput,
    Losses,
    Output,
    Quantized,
    Scale,
    Stats,
    Tapped,
    Tokenized,
    Tokens,
)
from zoo.kernels import (
    attention,
    commitment,
    compiled,
    dropout,
    nearest_few,
    operation,
    tally,
    through,
    without_autocast,
)

__all__ = [
    "ActionTable",
    "Adapted",
    "Attributes",
    "CentreKernel",
    "ClassActions",
    "ClassRows",
    "CodeTable",
    "CodebookMaintenance",
    "CodedOutput",
    "Component",
    "Decoded",
    "DecodedOutput",
    "Decoder",
    "Distiller",
    "EncodedOutput",
    "Encoder",
    "Evidence",
    "FixedWeights",
    "Fusion",
    "Head",
    "IdentityFusion",
    "Image",
    "Interpolate",
    "Lesson",
    "LinearHead",
    "Losses",
    "Output",
    "Quantized",
    "Quantizer",
    "ResampleInputs",
    "Resize",
    "ResizeCodes",
    "Resizing",
    "Scale",
    "ShapeBook",
    "ShapesHead",
    "Standardize",
    "StartAnew",
    "Stats",
    "Tapped",
    "Text",
    "Tokenized",
    "Tokens",
    "TrainingWindows",
    "Uses",
    "Weigher",
    "Worded",
    "adapted_in",
    "attention",
    "book_of",
    "choice_entropy",
    "commitment",
    "compiled",
    "dropout",
    "entropy",
    "gathered",
    "gram",
    "histogram",
    "instance_scale",
    "kmeans",
    "masked_mean",
    "masked_mse",
    "merged_grams",
    "nearest",
    "nearest_few",
    "observed",
    "operation",
    "pooled_mean",
    "read_stretches",
    "recording",
    "required",
    "rows_of_all",
    "shared",
    "slots",
    "straight_through",
    "summed",
    "tally",
    "through",
    "unit_rows",
    "window_mean",
    "without_autocast",
    "world_size",
    "zeroed",
]
