"""Small models, and windows laid end to end as a recording."""

import numpy as np
from made import MadeRecording
from small_runs import SHAPES, SIGNAL
from waves import LENGTH

RATE = 10.0
SECONDS = LENGTH / RATE
MODELS = {
    "signal": SIGNAL,
    "recon": {**SHAPES, "head": {"kind": "wrn.recon", "depth": 10}},
    "tokens": SHAPES,
    "codes": {name: part for name, part in SHAPES.items() if name != "head"},
}


def laid(x: np.ndarray, **facts: object) -> MadeRecording:
    """Windows `(n c t)` end to end, in blocks that end anywhere."""
    samples = np.concatenate(list(x), axis=1)
    time = np.arange(samples.shape[1]) / RATE
    return MadeRecording(time, samples, **{"rate": RATE, "cuts": range(17, samples.shape[1], 33), **facts})


class Repeated(MadeRecording):
    """The same samples many times over, of which only a block is in memory; ``read`` counts the blocks."""

    def __init__(self, x: np.ndarray, times: int) -> None:
        once = laid(x)
        super().__init__(once.time, once.x, rate=RATE, cuts=once.cuts)
        self.times, self.seconds, self.read = times, len(once.time) / RATE, 0

    def blocks(self):
        for number in range(self.times):
            for block in super().blocks():
                self.read += 1
                continues = number > 0 or block.continues
                yield block._replace(time=block.time + number * self.seconds, continues=continues)
