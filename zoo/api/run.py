"""A trained run in Python: its spec, its model, its metrics, and its measurements."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from zoo_registry import Registry, RunSpec

from zoo.codebook.measure_run import measure_run
from zoo.codebook.report import CodebookReport
from zoo.data.folds import Folding
from zoo.evaluation.corruption import parse_corruptions
from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import LoadedRun, SplitName, open_run
from zoo.evaluation.report import EvalReport
from zoo.export.export_run import Exported, export
from zoo.export.requirements import FormatName
from zoo.findings.gather import facts_of, record
from zoo.findings.verdict import Verdict
from zoo.model.assembly import ZooModel
from zoo.report.comparison import Comparison
from zoo.report.comparison import compare as compare_runs
from zoo.report.evidence import gather
from zoo.report.run_report import write_report
from zoo.runs.folder import RunFolder
from zoo.runs.metrics import MetricsFile
from zoo.specs.read import Source, read_run
from zoo.training.fit import train as fit
from zoo.training.folds import train_folds
from zoo.weights.tasks import Task

if TYPE_CHECKING:
    from pandas import DataFrame


def train(
    spec: Source | RunSpec,
    out: str | PathLike[str] | None = None,
    resume: bool = False,
    quiet: bool = False,
    changes: Sequence[str] = (),
    folds: str | None = None,
) -> "Run":
    """Train a run and return it.

    ``spec`` is a RunSpec, plain data, or the path of a JSON file or of a run; ``changes`` are written as on the
    command line, such as `training.epochs=5`. The run's folder is ``out``, or else `runs/NAME`. With ``resume`` it
    continues from the last checkpoint, if there is one. With ``folds``, such as `subject:5`, a model per fold is
    trained too, and out-of-fold logits are written, as by `zoo train --folds`. Raises ZooError for anything that is
    refused.
    """
    run = spec if isinstance(spec, RunSpec) else read_run(spec, Registry.discover(), changes)
    folder = Path("runs") / run.name if out is None else Path(out)
    if folds is None:
        fit(run, folder, resume, quiet)
    else:
        train_folds(run, folder, Folding.parse(folds), resume, quiet)
    return Run(folder)


class Run:
    """A finished run in ``path``.

    ``moved`` gives the new location of data that were moved, such as `data.source.path=PLACE`; other data are
    refused.
    """

    def __init__(self, path: str | PathLike[str], moved: Sequence[str] = ()) -> None:
        self.folder = RunFolder(Path(path))
        self._moved = tuple(moved)
        self.folder.read()

    def __repr__(self) -> str:
        return f"zoo.Run({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.folder.path

    @cached_property
    def spec(self) -> RunSpec:
        """The complete spec of its training."""
        return Registry.discover().run(self.folder.read()["run"])

    @cached_property
    def _opened(self) -> LoadedRun:
        return open_run(self.folder, self._moved)

    @property
    def model(self) -> ZooModel:
        """Its model in evaluation mode, on a GPU if there is one."""
        return self._opened.model

    @property
    def metrics(self) -> "DataFrame":
        """A row per epoch, as in `metrics.csv`: loss terms, counts, results on validation; NaN where not measured."""
        import pandas

        rows = MetricsFile(self.folder.metrics).rows()
        table = pandas.DataFrame(rows)
        return table.apply(lambda column: column if column.name == "phase" else pandas.to_numeric(column))

    def evaluate(
        self,
        split: SplitName = "test",
        judges: Mapping[str, str] | None = None,
        corruptions: Sequence[str] = (),
        alone: "Run | str | PathLike[str] | None" = None,
        times: bool = False,
    ) -> EvalReport:
        """Judge it on a whole split, as `zoo eval` does.

        ``judges`` are additional ones by name: the folder of a bundle, or an estimator such as
        `aeon.MiniRocketClassifier`. ``corruptions`` are written like `noise:.06`. A run with teachers is compared with
        the run ``alone`` of the student without them; ``times`` measures processing times of all. Raises ZooError for a
        judge or a run that does not fit.
        """
        given = [f"{name}={judge}" for name, judge in (judges or {}).items()]
        other = alone if isinstance(alone, Run | None) else Run(alone)
        without = None if other is None else other._opened
        return judge_run(self._opened, split, parse_corruptions(corruptions), given, without, times)

    def codebook(self, split: SplitName = "test") -> CodebookReport:
        """Measure its codebook, as `zoo codebook` does. Raises SpecError for a model without one."""
        return measure_run(self._opened, split).report

    def export(
        self,
        out: str | PathLike[str],
        format: FormatName,  # noqa: A002  # as on the command line
        what: Task | None = None,
    ) -> Exported:
        """Write its model as one file, as `zoo export` does.

        ``what`` is `classify`, `tokenize` or `reconstruct`; None: the last result. Raises ZooError for a model that
        cannot do it or that the format cannot hold, and if the file gives other results.
        """
        return export(self.path, format, Path(out), what, moved=self._moved)

    def findings(self) -> Verdict:
        """The findings on its stored results, the gravest first, and what holds; written to `findings.json`."""
        return record(facts_of(self.path), self.path)

    def report(self) -> Path:
        """Write `report.html`, after any missing measurements, and return its path."""
        write_report(gather(self.folder, self._moved))
        return self.folder.page

    def compare(self, other: "Run | str | PathLike[str]") -> Comparison:
        """Which of the two is better on the test split, and where their specs differ.

        Raises DataError for runs on other data.
        """
        path = other.path if isinstance(other, Run) else Path(other)
        return compare_runs(self.path, path, moved=self._moved)
