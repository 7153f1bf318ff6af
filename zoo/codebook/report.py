"""Report of `zoo codebook`: a row per used code, measures of the whole, and one score from named parts."""

from collections.abc import Mapping

from pydantic import BaseModel

from zoo.codebook.action_report import ActionShare, ActionsReport, TextReport
from zoo.evaluation.report import ShapeScore
from zoo.evaluation.score import Reader
from zoo.evaluation.usage_report import UsageReport


class ClassShare(BaseModel, frozen=True):
    """A class, its share of a code's tokens, and ``lift``, that over its share of all tokens."""

    name: str
    share: float
    lift: float


class CodeRow(BaseModel, frozen=True):
    """One used code: how often it occurs, its classes, start and length.

    ``share`` is of the tokens of its book; ``classes`` are the most frequent ones, first of all; ``speaks_for``
    names those whose odds under the code are at least twice those among all tokens; ``information`` is KL(classes
    of its tokens ‖ classes of all tokens) in bits; ``start`` and ``length`` are medians to a hundredth of the
    series, None where the encoder gives no attributes. ``flatness`` is R² of the best straight line and ``group``
    the number of its group: codes of one group draw the same shape. Both are None if the shape was not measured.
    ``fit`` is how well the shapes drawn for its tokens fit their stretches; None if the decoder draws none, or
    several codes make one shape. ``actions`` are the most likely ones of a model whose text names actions.
    """

    code: int
    count: int
    share: float
    classes: tuple[ClassShare, ...]
    speaks_for: tuple[str, ...]
    information: float
    start: float | None
    length: float | None
    flatness: float | None
    group: int | None
    fit: ShapeScore | None = None
    actions: tuple[ActionShare, ...] = ()


class NearDuplicate(BaseModel, frozen=True):
    """Two used codes whose normalised shapes are nearly the same."""

    codes: tuple[int, int]
    correlation: float
    dtw: float


class ShapeReport(BaseModel, frozen=True):
    """How different the shapes of the used codes are.

    ``source`` is `decoded` where a code alone has a shape, `mean decoded` or `mean input` where it is the mean over its
    tokens; ``measured`` counts the codes compared, the most used ones. ``effective`` is the number of groups of
    shapes weighed by use: exp of the entropy of their shares. ``distinctness`` is 1 − the mean correlation of pairs,
    negative ones counting as 0, weighed by use; ``dtw`` the mean warped distance of pairs, None with one code.
    ``flat`` counts codes whose shape is as good as a straight line and ``flat_share`` their share of tokens;
    ``pairs`` counts near-duplicates, of which ``duplicates`` lists those used most.
    """

    source: str
    measured: int
    groups: int
    effective: float
    distinctness: float
    dtw: float | None
    flat: int
    flat_share: float
    pairs: int
    duplicates: tuple[NearDuplicate, ...]


class BookReport(BaseModel, frozen=True):
    """One codebook, or one level of one: usage, its used codes, most used first, and shapes (None: not measured).

    ``information`` is the mutual information of code and class in bits, ``class_entropy`` what it is at most;
    ``purity`` the mean share of each token's code's first class; ``actions`` what its codes say, None without text.
    """

    usage: UsageReport
    codes: tuple[CodeRow, ...]
    information: float
    class_entropy: float
    purity: float
    shapes: ShapeReport | None
    actions: ActionsReport | None = None


class Ablation(BaseModel, frozen=True):
    """Reconstruction and recognition when readers get the replacement ``name``.

    ``lost`` is the share of the gain over each window's mean that the error ``mse`` has lost: 0 as found, 1 where it is
    no better than the mean, above 1 where it is worse. ``correct`` counts the windows that each judge, and `head` if it
    reads reconstructions, classifies correctly. Raw signals have neither error nor loss.
    """

    name: str
    mse: float | None
    lost: float | None
    correct: Mapping[str, int]


class BypassReport(BaseModel, frozen=True):
    """Mean squared error of the reconstruction with the original codes, and with replacements.

    ``mean_mse`` is the error of each window's mean. ``shuffled``: codes of other tokens, drawn at random; ``averaged``:
    everywhere the code nearest to the mean one; ``nearest``: the nearest other used code, None if no book has
    two. ``reliance`` is the share of the gain over ``mean_mse`` that is lost with shuffled codes, 0 to 1: 0 means that
    the decoder does not use the codebook, or that nothing is gained. ``level_mse`` is about the error of a
    reconstruction from the level of every token without its shape (``mean_mse`` if tokens have no position). ``need``
    is the share of it that returns without the codes, by the mildest of three ways to remove them: shuffled, averaged,
    sigma zero. ``ablations`` show what carries the activity:
    raw signals, as found, codes shuffled and, where tokens have attributes, sigma zero and mu its series' mean.
    """

    mse: float
    mean_mse: float
    shuffled: float
    averaged: float
    nearest: float | None
    reliance: float
    level_mse: float | None = None
    need: float | None = None
    ablations: tuple[Ablation, ...] = ()


class ProbeReport(BaseModel, frozen=True):
    """A linear classifier on histograms of codes, trained on the training split: correct of total.

    ``majority`` counts the windows of the most frequent class.
    """

    correct: int
    total: int
    majority: int


class FaithfulnessReport(BaseModel, frozen=True):
    """Accuracy of a classifier when the tokens of codes are removed (deletion) or restored (insertion).

    Areas under accuracy over the share of tokens removed, or restored, most informative code first; ``random`` is
    either with codes in a random order. The accuracy of a faithful codebook falls and rises faster than that.
    """

    classifier: Reader
    windows: int
    deletion: float
    insertion: float
    random: float


class StabilityReport(BaseModel, frozen=True):
    """How well shapes of other runs' codebooks match this one's: mean correlation of codes paired one to one."""

    runs: tuple[str, ...]
    matches: tuple[float, ...]
    mean: float


class CodebookReport(BaseModel, frozen=True):
    """Everything measured of a run's codebook on one split; a part that cannot be measured is None.

    ``fit`` is how well drawn shapes fit the stretches of all tokens; None if the decoder draws none. ``text`` is None
    if the model has no text that names actions.
    ``score`` in [0, 1] is the geometric mean of ``parts``, each in [0, 1] and documented in docs/codebook.md, by the
    ``definition`` of that number.
    """

    split: str
    windows: int
    tokens: int
    books: tuple[BookReport, ...]
    bypass: BypassReport | None
    probe: ProbeReport
    faithfulness: FaithfulnessReport | None
    stability: StabilityReport | None
    fit: ShapeScore | None = None
    text: TextReport | None = None
    parts: Mapping[str, float]
    score: float
    definition: int = 1
