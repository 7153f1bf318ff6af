"""Contrast of signals by labels alone."""

from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import EncodedOutput, Text, Worded, rows_of_all, window_mean
from zoo_text.contrast import supervised_within


class Labels(Text):
    """Supervised contrast of the mean tokens of windows, projected."""

    table = None
    codebook = None

    def __init__(self, width: int, temperature: float) -> None:
        super().__init__()
        self.project = nn.Linear(width, width)
        self.temperature = temperature

    def forward(self, output: EncodedOutput, target: Tensor) -> Worded:
        unit = F.normalize(self.project(window_mean(output.tokens.values, output.tokens.mask)), dim=1)
        return Worded({"con": supervised_within(rows_of_all(unit), rows_of_all(target), self.temperature)})
