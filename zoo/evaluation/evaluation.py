"""All scores in one pass over a split, for validation while training and for `zoo eval`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from zoo_registry import DataError
from zoo_registry.attributes import LENGTH

from zoo.contracts import Output
from zoo.contracts.processes import summed
from zoo.data.batch import Batch
from zoo.evaluation.agreement import agreement, gaps
from zoo.evaluation.classification import Classification, majority
from zoo.evaluation.judge import Judge, NetworkJudge, Reading
from zoo.evaluation.judges import same_head
from zoo.evaluation.reconstruction import Reconstruction
from zoo.evaluation.report import EvalReport, Majority
from zoo.evaluation.score import HEAD, HEAD_ON_RAW, Reader, judged, on_raw, on_rebuilt
from zoo.evaluation.shape_fit import ShapeFit, buckets, by_length, stretches
from zoo.evaluation.usage import Usage
from zoo.model.assembly import ZooModel


class Evaluation:
    """Counts and sums of one split; ``windows`` is the split's size, which the total must equal.

    Readings of raw windows are kept between passes, as neither judges nor windows change.

    With several processes, each sees a share of the windows, the report covers all, and each must call ``report``.
    """

    def __init__(
        self, model: ZooModel, names: tuple[str, ...], windows: int, judges: Mapping[str, Judge] | None = None
    ) -> None:
        self.model = model
        self.names = names
        self.windows = windows
        self.judges = dict(judges or {})
        self._raw: dict[tuple[str, tuple[int, ...]], Reading] = {}
        shapes = model.trace
        self.classifiers = {reader: Classification(reader, names) for reader in self._readers()}
        tokens = shapes.tokens["n"] if shapes.tokens else 1
        self.reconstruction = Reconstruction(shapes.signal["c"], tokens) if shapes.recon else None
        self.shapes = ShapeFit() if shapes.shapes else None
        self.usage: Usage | None = None
        if shapes.codes:
            self.usage = Usage(model.books, shapes.codes["q"], shapes.codes["k"])
        self.reset()

    def _readers(self) -> Iterator[Reader]:
        head, rebuilds = self.model.spec.head, self.model.spec.decoder is not None
        if head is not None:
            yield HEAD
            if head.needs == "recon":
                yield HEAD_ON_RAW
        for judge in self.judges:
            yield on_raw(judge)
            if rebuilds:
                yield on_rebuilt(judge)

    def reset(self) -> None:
        """Reset all counts."""
        for counted in (*self.classifiers.values(), self.reconstruction, self.shapes, self.usage):
            if counted is not None:
                counted.reset()
        self._support = torch.zeros(len(self.names), dtype=torch.int64)
        self._losses: dict[str, float] = {}

    @torch.no_grad()
    def update(self, output: Output, batch: Batch) -> None:
        """Add the model's output for one batch."""
        self._support += torch.bincount(batch.y.cpu(), minlength=len(self.names))
        for name, value in output.losses.items():
            self._losses[name] = self._losses.get(name, 0.0) + float(value) * len(batch.y)
        self._classify(output, batch)
        if self.reconstruction is not None and output.x_recon is not None:
            self.reconstruction.to(output.x.device).update(output.x, output.x_recon, output.mask)
        self._fit(output)
        if self.usage is not None and output.quantized is not None and output.tokens is not None:
            self.usage.to(output.x.device).update(output.quantized.codes, output.tokens.mask)

    def _fit(self, output: Output) -> None:
        if self.shapes is None or LENGTH.name not in output.attributes:
            return
        found = stretches(self.model, output)
        if found is not None:
            self.shapes.to(output.x.device).update(found, by_length(output.attributes[LENGTH.name]))

    def _classify(self, output: Output, batch: Batch) -> None:
        if output.logits is not None:
            self.classifiers[HEAD].update(output.logits, batch.y)
        if HEAD_ON_RAW in self.classifiers and self.model.head is not None:
            self.classifiers[HEAD_ON_RAW].update(self.model.head(replace(output, x_recon=output.x)), batch.y)
        for name, judge in self.judges.items():
            self.classifiers[on_raw(name)].count(self._read_raw(name, judge, output, batch), batch.y)
            if output.x_recon is not None:
                self.classifiers[on_rebuilt(name)].count(judge.read(output.x_recon, output.mask), batch.y)

    def _read_raw(self, name: str, judge: Judge, output: Output, batch: Batch) -> Reading:
        key = name, tuple(batch.index.tolist())
        if key not in self._raw:
            self._raw[key] = judge.read(output.x, output.mask)
        return self._raw[key]

    def report(self) -> EvalReport:
        """All results; raises DataError unless every window of the split was seen exactly once."""
        support, losses = self._together()
        seen = int(support.sum())
        scores = [counted.report() for counted in self.classifiers.values()]
        for total in (seen, *(score.total for score in scores)):
            if total != self.windows:
                raise DataError("evaluation", f"{self.windows} windows, once each", str(total), "report this as a bug")
        best, count = majority(support)
        rebuilds = self.model.spec.decoder is not None
        twice = judged(scores)
        own = {name for name, judge in self.judges.items() if self._is_own(judge)}
        shapes = self.shapes.report() if self.shapes is not None and self.shapes.update_called else []
        return EvalReport(
            windows=seen,
            majority=Majority(name=self.names[best], correct=count, total=seen, accuracy=count / max(seen, 1)),
            scores=scores,
            reconstruction=self.reconstruction.report() if self.reconstruction is not None else None,
            codebook=self.usage.report() if self.usage is not None else None,
            losses={name: value / max(seen, 1) for name, value in losses.items()},
            judges={name: judge.words for name, judge in self.judges.items()},
            gaps={judge.rebuilt.reader.name: gaps(judge) for judge in twice} if rebuilds else None,
            agreement=agreement(twice, own) if rebuilds else None,
            shape_fit=shapes[-1] if shapes else None,
            shapes_by_length=buckets(shapes) if shapes else None,
        )

    def _is_own(self, judge: Judge) -> bool:
        return isinstance(judge, NetworkJudge) and same_head(self.model, judge.model)

    def _together(self) -> tuple[torch.Tensor, dict[str, float]]:
        """Windows of each class `(k)`, and every loss summed over windows, in all processes."""
        device = self.model.device
        losses = torch.tensor(list(self._losses.values()), dtype=torch.float64, device=device)
        support = summed(self._support.to(device)).cpu()
        return support, dict(zip(self._losses, summed(losses).tolist(), strict=True))
