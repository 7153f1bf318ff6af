"""Performance-critical operations, each one torch operation: a plain form for every device, faster ones for some."""

from zoo.kernels.attention import attention
from zoo.kernels.bf16_linear import bf16_linear, has_bf16
from zoo.kernels.choice import Choice, choose
from zoo.kernels.commitment import commitment
from zoo.kernels.compiled import compiled
from zoo.kernels.dropout import dropout
from zoo.kernels.few import Few, nearest_few
from zoo.kernels.nearest import Precision, nearest_rows
from zoo.kernels.operation import operation
from zoo.kernels.portable import Portable
from zoo.kernels.precision import without_autocast
from zoo.kernels.shortest import shorten
from zoo.kernels.tally import Tally, tally
from zoo.kernels.through import through

__all__ = [
    "Choice",
    "Few",
    "Portable",
    "Precision",
    "Tally",
    "attention",
    "bf16_linear",
    "choose",
    "commitment",
    "compiled",
    "dropout",
    "has_bf16",
    "nearest_few",
    "nearest_rows",
    "operation",
    "shorten",
    "tally",
    "through",
    "without_autocast",
]
