"""One corruption tried on a model and its judges over a whole split."""

from collections.abc import Mapping

import torch
from torch import Tensor

from zoo.contracts import Output
from zoo.data.batch import Batch
from zoo.evaluation.corruption import Corruption, CorruptionReport
from zoo.evaluation.evaluation import Evaluation
from zoo.evaluation.judge import Judge
from zoo.evaluation.reconstruction import Reconstruction
from zoo.evaluation.score import Hits
from zoo.model.assembly import ZooModel


class CorruptionTrial:
    """Counts and sums of one split whose windows are corrupted; ``deviation (c)`` is that of the training split."""

    def __init__(
        self,
        corruption: Corruption,
        model: ZooModel,
        names: tuple[str, ...],
        windows: int,
        judges: Mapping[str, Judge],
        deviation: Tensor,
    ) -> None:
        self.corruption = corruption
        self.model = model
        self.deviation = deviation
        self.evaluation = Evaluation(model, names, windows, judges)
        self.against_clean = Reconstruction(model.trace.signal["c"], tokens=1) if model.trace.recon else None

    @torch.no_grad()
    def update(self, batch: Batch) -> None:
        """Corrupt one batch and add the model's results on it."""
        signal = self.corruption(batch.x, batch.mask, batch.index, self.deviation)
        output: Output = self.model(signal.x, signal.mask)
        self.evaluation.update(output, batch)
        if self.against_clean is not None and output.x_recon is not None:
            self.against_clean.to(output.x.device).update(signal.clean, output.x_recon, signal.known)

    def report(self) -> CorruptionReport:
        """The results; raises DataError unless every window of the split was seen exactly once."""
        found = self.evaluation.report()
        fit = self.against_clean.report()[-1] if self.against_clean is not None else None
        return CorruptionReport(
            name=self.corruption.name,
            correct=[Hits(reader=score.reader, correct=score.correct) for score in found.scores],
            total=found.windows,
            mse=fit.mse if fit else None,
            r2=fit.r2 if fit else None,
        )
