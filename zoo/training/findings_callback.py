"""Report findings about a run in training, each once and in one sentence."""

import warnings
from typing import Any, Literal

import lightning as L
from zoo_registry import DivergenceError, RunSpec, ZooNote

from zoo.evaluation.judge import NetworkJudge
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import HEAD
from zoo.findings.codebook import collapsed_scale
from zoo.findings.curve import Curve
from zoo.findings.facts import DataFacts, Facts, standard_of
from zoo.findings.find import find
from zoo.findings.finding import Finding
from zoo.findings.gather import record, write_data
from zoo.findings.shapes import Shapes, draw_shapes
from zoo.runs.folder import RunFolder
from zoo.training.data import data_of
from zoo.training.log import EpochLog
from zoo.training.module import ZooTraining

START = 1 / 3
"""Share of the epochs for which a finding must hold: good runs can be flat or at chance level for a fifth of them."""
FEWEST = 3
"""Minimum number of epochs for which it must hold."""
AT_ONCE = ("divergence", "wrong-normalisation")
"""Findings that do not resolve by themselves."""
LOOKS = 5
"""Number of times that a finding must have held: rules are evaluated this often in that time."""
LOOK = 50
"""Steps between two checks of the scale of shapes, which is reported immediately: within this many steps a collapse
removes every gradient of shapes and codes, and an epoch may be longer."""
REPORTED_BEFORE = ("shared-subjects", "leaked-windows", "leaked-validation", "overlapping-windows")
"""Findings already reported when the data were loaded."""


class FindingsCallback(L.Callback):
    """Evaluates the rules on curves, validation and shapes, and writes the last verdict.

    In runs with many epochs, not after every one. The scale of shapes is also checked within epochs.

    Must come after ``log``, whose rows it reads.
    """

    def __init__(self, run: RunSpec, folder: RunFolder, log: EpochLog) -> None:
        self.run = run
        self.folder = folder
        self.epoch_log = log  # Lightning sets the attribute `log`
        self.data: DataFacts | None = None
        self.patience = max(FEWEST, round(START * run.training.epochs))
        self.every = max(1, self.patience // LOOKS)
        """Epochs from one evaluation of the rules to the next."""
        self._next = {"draw": 0, "look": 0}
        """The first epoch in which to draw shapes again, and to evaluate the rules again."""
        self._since: dict[str, int] = {}
        """The epoch since which a finding holds."""
        self._evaluation: EvalReport | None = None
        self._reported: set[str] = set()
        self._drawn: tuple[Shapes, ...] = ()
        self._looked = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.data = DataFacts.of(data_of(trainer).data)
        if trainer.is_global_zero:
            write_data(self.data, str(self.folder.read()["fingerprint"]), self.folder.path)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        self._evaluation = pl_module.found
        last = trainer.current_epoch + 1 == trainer.max_epochs
        if trainer.is_global_zero and pl_module.found is not None and (self._due("draw", trainer) or last):
            self._drawn = draw_shapes(pl_module.model, pl_module.found.codebook or ())

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, ZooTraining)
        step = trainer.global_step
        if step == self._looked or step % LOOK or not trainer.is_global_zero:
            return
        self._looked = step
        finding = collapsed_scale(Facts(run=self.run, scale=pl_module.ledger.latest_scale()))
        if finding is not None:
            self._tell(finding, f"step {step}")

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        if not (trainer.is_global_zero and self._due("look", trainer)):
            return
        found, epoch = find(self._facts(pl_module)), trainer.current_epoch
        self._since = {finding.name: self._since.get(finding.name, epoch) for finding in found}
        for name in sorted(self._reported - self._since.keys()):
            self._reported.remove(name)
            warnings.warn(f"epoch {epoch}: finding {name} is resolved", ZooNote, stacklevel=2)
        for finding in found:
            late = finding.name == "collapsed-scale" and trainer.global_step >= LOOK
            held = epoch + 1 - self._since[finding.name]
            if finding.name in AT_ONCE or late or held >= self.patience:
                self._tell(finding, f"epoch {epoch}")

    def _due(self, what: Literal["draw", "look"], trainer: L.Trainer) -> bool:
        due = trainer.current_epoch >= self._next[what]
        if due:
            self._next[what] = trainer.current_epoch + self.every
        return due

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        if trainer.is_global_zero:
            for finding in record(self._facts(pl_module), self.folder.path).findings:
                self._tell(finding, "at the end")

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """A non-finite loss prints its own line; the verdict stores it."""
        assert isinstance(pl_module, ZooTraining)
        if trainer.is_global_zero and isinstance(exception, DivergenceError):
            record(self._facts(pl_module, f"{exception.where}, {exception.found}"), self.folder.path)

    def _facts(self, module: ZooTraining, stopped: str | None = None) -> Facts:
        judges = module.validation.judges.items()
        networks = {name: judge.model for name, judge in judges if isinstance(judge, NetworkJudge)}
        readers = {HEAD.name: module.model, **networks}
        found = (standard_of(name, model) for name, model in readers.items())
        return Facts(
            run=self.run,
            curve=Curve.of(self.epoch_log.rows),
            evaluation=self._evaluation,
            data=self.data,
            standards=tuple(standard for standard in found if standard is not None),
            drawn=self._drawn,
            stopped=stopped,
        )

    def _tell(self, finding: Finding, when: str) -> None:
        if finding.name not in self._reported and finding.name not in REPORTED_BEFORE:
            self._reported.add(finding.name)
            warnings.warn(f"{when}: {finding.sentence} {finding.remedy}", ZooNote, stacklevel=2)
