"""The input of all rules; a part that is not known is None, and rules that need it find nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import BaseModel
from torch import nn
from zoo_registry import ModelSpec, PhaseSpec, RunSpec

from zoo.codebook.report import CodebookReport
from zoo.contracts import Standardize
from zoo.data.leaks import Leaks
from zoo.data.ranges import Ranges, Shares
from zoo.data.split import DataSet
from zoo.evaluation.report import EvalReport, ShapeScore
from zoo.evaluation.usage_report import UsageReport
from zoo.findings.curve import Curve
from zoo.findings.shapes import Shapes, reported_shapes
from zoo.model.assembly import ZooModel


class DataFacts(BaseModel, frozen=True):
    """Facts on a data set: per-channel statistics of the training split, subjects that are in test too, windows of
    each split, and how many of them are in an earlier split too.

    ``ranges`` are those of training windows, and ``beyond`` how much of the validation split is outside; None for few
    windows, and in runs of earlier versions.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    shared_subjects: tuple[str, ...] | None
    leaks: Leaks
    test: int
    validation: int
    ranges: Ranges | None = None
    beyond: Shares | None = None

    @classmethod
    def of(cls, data: DataSet) -> "DataFacts":
        """Collect the facts on ``data``."""
        ranges = Ranges.of(data.train)
        return cls(
            mean=tuple(data.mean),
            std=tuple(data.std),
            shared_subjects=data.shared_subjects,
            leaks=data.leaks,
            test=len(data.test),
            validation=len(data.validation),
            ranges=ranges,
            beyond=None if ranges is None else ranges.shares(data.validation),
        )


@dataclass(frozen=True)
class Standard:
    """Per-channel mean and deviation with which ``reader``, the head or a judge, standardises signals."""

    reader: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Facts:
    """The known facts on a run.

    ``evaluation`` and ``codebook`` are of the same split. ``standards`` are those of the head and judges that read
    signals. ``drawn`` are shapes known without a codebook report. ``scale`` is the deviation of drawn shapes over that
    of their stretches in the latest steps. ``stopped``: where and why training stopped at an error.
    """

    run: RunSpec | None = None
    curve: Curve = field(default_factory=Curve)
    evaluation: EvalReport | None = None
    codebook: CodebookReport | None = None
    data: DataFacts | None = None
    standards: tuple[Standard, ...] = ()
    drawn: tuple[Shapes, ...] = ()
    scale: float | None = None
    stopped: str | None = None

    @property
    def fit(self) -> ShapeScore | None:
        """How well drawn shapes fit their stretches, from whichever report there is."""
        if self.codebook is not None and self.codebook.fit is not None:
            return self.codebook.fit
        return self.evaluation.shape_fit if self.evaluation else None

    @property
    def drawn_scale(self) -> float | None:
        """Deviation of drawn shapes over that of their stretches: of the latest steps, a report, or the last epoch."""
        if self.scale is not None:
            return self.scale
        if self.fit is not None:
            return self.fit.scale
        return self.curve.epochs[-1].values.get("train/scale") if self.curve.epochs else None

    @property
    def shapes(self) -> tuple[Shapes, ...]:
        """How different the shapes of codes are, from the codebook report or as drawn."""
        return reported_shapes(self.codebook.books) if self.codebook else self.drawn

    @property
    def usages(self) -> tuple[UsageReport, ...]:
        """How often codes occur, from whichever report there is."""
        if self.codebook:
            return tuple(book.usage for book in self.codebook.books)
        return tuple(self.evaluation.codebook or ()) if self.evaluation else ()

    @property
    def head_counts(self) -> bool:
        """Whether the only codebooks are those of a head, which neither code tokens nor feed a decoder."""
        return bool(self.run and self.run.model.head and self.run.model.quantizer is None)

    @property
    def head_reads_rebuilt(self) -> bool:
        """Whether the head reads reconstructions."""
        return bool(self.run and self.run.model.head and self.run.model.head.needs == "recon")

    @property
    def head_has_learned(self) -> bool:
        """Whether the head was ever trained or solved for, in this run or in the run that its weights come from."""
        taken = self.run.transfer if self.run else ()
        given = any(t.only is None or any(path.split(".")[0] == "head" for path in t.only) for t in taken)
        solved = any(phase.fit == "closed" for label in self.curve.phases for _, phase in self.phases(label))
        return given or solved or self.curve.weighed("ce")

    def phases(self, label: str) -> Iterator[tuple[int, PhaseSpec]]:
        """Index and spec of the phases that the ``label`` of an epoch names."""
        names = label.split("+")
        for index, phase in enumerate(self.run.training.phases if self.run else ()):
            if phase.name in names:
                yield index, phase


def standard_of(reader: str, model: ZooModel) -> Standard | None:
    """Statistics with which the head of ``model`` standardises signals; None if it reads no signals or has none."""
    if model.head is None or not reads_signals(model.spec):
        return None
    return next((_standard(reader, module) for module in model.head.modules() if _filled(module)), None)


def reads_signals(spec: ModelSpec) -> bool:
    """Whether the head reads signals, raw or rebuilt."""
    return spec.head is not None and spec.head.needs in ("signal", "recon")


def _filled(module: nn.Module) -> bool:
    return isinstance(module, Standardize) and bool(module.filled)


def _standard(reader: str, module: nn.Module) -> Standard:
    assert isinstance(module, Standardize)
    mean, std = (values.double().tolist() for values in (module.mean, module.std))
    return Standard(reader, tuple(mean), tuple(std))
