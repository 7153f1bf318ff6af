"""Report of `zoo eval` on one split, as stored and printed: classifiers, reconstruction, shapes and codes."""

from typing import Any

from pydantic import BaseModel, model_validator

from zoo.evaluation.corruption import CorruptionReport
from zoo.evaluation.score import HEAD, Judged, Pair, Reader, Score, judged, keyed, pairs
from zoo.evaluation.taught_report import TaughtReport
from zoo.evaluation.usage_report import UsageReport
from zoo.runs.protocol import Protocol


class ChannelScore(BaseModel, frozen=True):
    """One channel, or all of them together.

    ``mse`` is in the data's units squared; ``nmse`` is mse over the variance about the split's channel mean; ``r2``
    is 1 − error / spread about each window's *own* mean, 0 for a reconstruction by that mean; ``correlation``
    is the mean Pearson correlation over windows. ``spectral`` is the relative distance of power spectra,
    Σ|P − P̂| / ΣP over windows and frequencies, P the periodogram of a window minus its mean:
    0 for equal spectra, 1 for a flat line, whatever the phase. ``mean_mse`` is the error of each window's mean,
    ``lowpass_mse`` that of its lowest Fourier coefficients, as many real numbers as the model has tokens.
    """

    name: str
    mse: float
    nmse: float | None
    r2: float | None
    correlation: float | None
    spectral: float | None = None
    mean_mse: float
    lowpass_mse: float


class ChannelFit(BaseModel, frozen=True):
    """Mean squared error and R² of one channel in windows of one class."""

    name: str
    mse: float
    r2: float | None


class ClassReconstruction(BaseModel, frozen=True):
    """Windows of one class: their number and reconstruction scores, over all channels and in each.

    ``r2`` is about each window's own mean, None where nothing varies; ``mse`` is None for a class without windows.
    """

    name: str
    windows: int
    mse: float | None
    r2: float | None
    channels: list[ChannelFit]


class ShapeScore(BaseModel, frozen=True):
    """How well the shapes drawn for some ``tokens`` fit the stretches they stand for.

    ``correlation`` is the mean Pearson correlation of a drawn shape with its stretch, over the ``shaped`` tokens: those
    whose stretch varies by more than 5 % of its series' deviation. A flat stretch has no shape and is left out; a
    constant drawn for one that varies counts as 0. ``r2`` is the share of variance explained, 1 − error / spread about
    each stretch's *own* mean, over all tokens, 0 for flat shapes at the right height; ``mse`` is in
    the series' units squared. ``scale`` is the mean deviation of drawn shapes over that of the stretches; ``room`` the
    spread within stretches over that of their series: the part that shapes must explain beyond the level of every
    token. None if there is nothing to measure.
    """

    tokens: int
    shaped: int
    correlation: float | None
    mse: float | None
    r2: float | None
    scale: float | None
    room: float | None


class ShapeBucket(BaseModel, frozen=True):
    """Tokens longer than ``above`` and up to ``upto`` long, as shares of the series; the first starts at 0.

    ``mse``, ``r2`` and ``correlation`` are those of `ShapeScore`.
    """

    above: float
    upto: float
    tokens: int
    mse: float | None
    r2: float | None
    correlation: float | None = None


class RecallGap(BaseModel, frozen=True):
    """One class and one judge: windows recognised when raw and when rebuilt, as counts and as shares of the class."""

    name: str
    windows: int
    raw: float | None
    rebuilt: float | None


class JudgeLoss(BaseModel, frozen=True):
    """How many of ``total`` windows a judge gets right when raw and when rebuilt; ``lost`` is the difference as a
    share of all, negative if rebuilding helped. ``own`` marks a judge that is the model's own head."""

    name: str
    raw: int
    rebuilt: int
    total: int
    lost: float
    own: bool


class Agreement(BaseModel, frozen=True):
    """``agree`` is None if fewer than two judges read the rebuilt signals; ``sentence`` explains the result.

    ``pleased`` names the judges that still classify the reconstructions well when others do not: those that lost less
    than the harshest judge by more than ``POINTS`` and also get more rebuilt windows right. A judge that lost less
    because it was worse on raw signals is not among them.
    """

    judges: list[JudgeLoss]
    agree: bool | None
    pleased: list[str]
    sentence: str


class Majority(BaseModel, frozen=True):
    """The score of always predicting the most frequent class."""

    name: str
    correct: int
    total: int
    accuracy: float


class EvalReport(BaseModel, frozen=True):
    """All results on one split; a part that does not apply to the model, or was not requested, is None.

    ``scores`` has one entry per classifier and input: the model's own head, the same head on raw signals if it reads
    reconstructions, and every judge on raw signals and on reconstructions. ``judges`` describes each judge; ``gaps``
    is the loss of recall by judge and class; ``agreement``, whether the judges agree about it; ``shape_fit``, how well
    drawn shapes fit their stretches. ``per_class``, ``corruptions`` and ``taught``, about the
    teachers of a run, are measured only by `zoo eval`, not while training.
    """

    windows: int
    majority: Majority
    scores: list[Score]
    reconstruction: list[ChannelScore] | None
    codebook: list[UsageReport] | None
    losses: dict[str, float]
    protocol: Protocol = "honest"
    judges: dict[str, str] = {}
    gaps: dict[str, list[RecallGap]] | None = None
    agreement: Agreement | None = None
    per_class: list[ClassReconstruction] | None = None
    shape_fit: ShapeScore | None = None
    shapes_by_length: list[ShapeBucket] | None = None
    corruptions: list[CorruptionReport] | None = None
    taught: TaughtReport | None = None

    @property
    def labelled(self) -> bool:
        """Whether the windows are of several classes, or a classifier was counted."""
        return bool(self.scores) or self.majority.correct < self.majority.total

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_version(cls, given: Any) -> Any:
        """Reports up to version 0.1 have `classifiers`: scores by the label of their reader."""
        if not isinstance(given, dict) or "classifiers" not in given:
            return given
        return {"scores": keyed(given["classifiers"])} | given

    @property
    def head(self) -> Score | None:
        """The score of the model's own head; None if it has none."""
        return self.score(HEAD)

    def score(self, reader: Reader) -> Score | None:
        """The score of ``reader``; None if it was not evaluated."""
        return next((score for score in self.scores if score.reader == reader), None)

    def pairs(self) -> list[Pair]:
        """The scores of every network and estimator, the model's own head first."""
        return pairs(self.scores)

    def judged(self) -> list[Judged]:
        """The scores of judges on raw and on rebuilt signals."""
        return judged(self.scores)

    def monitored(self) -> dict[str, float]:
        """The numbers by which epochs are compared: accuracies of classifiers, losses, error and fit of shapes."""
        found = {score.reader.metric: score.accuracy for score in self.scores}
        found |= {f"loss/{name}": value for name, value in self.losses.items()}
        found |= {"mse": self.reconstruction[-1].mse} if self.reconstruction else {}
        fit = self.shape_fit.correlation if self.shape_fit else None
        return found if fit is None else found | {"fit": fit}
