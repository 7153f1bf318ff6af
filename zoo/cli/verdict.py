"""Output of `zoo eval` and `zoo quickstart`: scores beside their baselines."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from zoo.cli.tables import print_table, print_title
from zoo.cli.taught import print_taught
from zoo.evaluation.corruption import CorruptionReport
from zoo.evaluation.report import ClassReconstruction, EvalReport, Majority
from zoo.evaluation.score import Pair, Score
from zoo.evaluation.seeds import SeedsMeasure, SeedsReport
from zoo.evaluation.usage_report import UsageReport
from zoo.process.lines import print_line
from zoo.runs.protocol import labelled

if TYPE_CHECKING:
    from zoo.quickstart import Stage

_SCORES = ("correct", "accuracy", "balanced", "macro F1", "ECE")


def print_report(report: EvalReport, split: str) -> None:
    """Print classifiers beside the majority class, then classes, reconstruction, corruptions and codes."""
    title, majority = f"{split} split of {report.windows} windows", _majority(report.majority)
    print_title(labelled(f"Classification, {title}" if report.labelled else title.capitalize(), report.protocol))
    if report.labelled:
        rows = [(*majority, "", "", ""), *map(_scores, report.scores)]
        print_table(["classifier", *_SCORES], rows, numbers=_SCORES)
    else:
        print_line("no labels, so nothing is classified")
    for name, words in report.judges.items():
        print_line(f"{name}: {words}")
    if report.scores:
        _print_classes(report)
    if report.reconstruction:
        _print_reconstruction(report)
    if report.agreement:
        print_line()
        print_line(report.agreement.sentence)
    if report.taught:
        print_taught(report.taught)
    if report.corruptions:
        _print_corruptions(report)
    if report.codebook:
        print_line()
    for level in report.codebook or ():
        print_line(_usage(level))


def print_seeds(found: SeedsReport, split: str) -> None:
    """Print every measure over several seeds: mean ± sample deviation, and the score of each run."""
    title = f"{len(found.runs)} seeds, {split} split of {found.windows} windows, mean ± sample deviation"
    print_title(labelled(title, found.protocol))
    rows = [(row.name, row.text, _each(row)) for row in found.measures]
    print_table(["measure", "mean ± sd", "each run"], rows)
    print_line()
    for run, seed in zip(found.runs, found.seeds, strict=True):
        print_line(f"seed {seed}: {run}")


def _each(row: SeedsMeasure) -> str:
    if row.correct is not None:
        return f"{' '.join(map(str, row.correct))} of {row.total}"
    return " ".join(map(_number, row.values))


def _usage(level: UsageReport) -> str:
    return f"{level.book}: {level.used} of {level.codes} codes used, perplexity {level.perplexity:.1f}"


def print_stages(stages: "Sequence[Stage]", data: str) -> None:
    """Print the runs of the quickstart on ``data`` in one table under the majority class, and the verdict on each."""
    majority = stages[0].report.majority
    rows = [_majority(majority)]
    for stage in stages:
        head = stage.report.head
        rows.append(
            (stage.title, f"{head.correct}/{head.total}", _share(head.accuracy)) if head else (stage.title, "", "")
        )
    extra = [("",) * 4] + [_fit(stage) for stage in stages]
    print_title(f"{data}, test split, not used in training")
    columns = ["model", "correct", "accuracy", "R² of rebuilt", "codes used", "effective shapes", "codebook score"]
    print_table(columns, [(*row, *more) for row, more in zip(rows, extra, strict=True)], numbers=columns[1:])
    for stage in stages:
        print_line()
        print_line(f"{stage.folder.page}: {stage.verdict.headline}")
        if stage.codebook is not None:
            print_line(f"shapes: {stage.folder.figures / 'codebook-shapes.png'}")


def _majority(majority: Majority) -> tuple[str, str, str]:
    return f"majority class ({majority.name})", f"{majority.correct}/{majority.total}", _share(majority.accuracy)


def _fit(stage: "Stage") -> tuple[str, str, str, str]:
    found = stage.report.reconstruction
    r2 = _number(found[-1].r2) if found else ""
    if stage.codebook is None:
        return r2, "", "", ""
    usage, shapes = stage.codebook.books[0].usage, stage.codebook.books[0].shapes
    effective = f"{shapes.effective:.1f}" if shapes else ""
    return r2, f"{usage.used}/{usage.codes}", effective, _share(stage.codebook.score)


def _scores(score: Score) -> tuple[str, ...]:
    numbers = (score.accuracy, score.balanced_accuracy, score.macro_f1)
    ece = "" if score.ece is None else _share(score.ece)
    return score.reader.label, f"{score.correct}/{score.total}", *map(_share, numbers), ece


def _both(pair: Pair, text: Callable[[Score], str]) -> str:
    """The ``text`` of a score, after that of the score on raw signals if there is one."""
    found = text(pair.score)
    return found if pair.raw is None else f"{text(pair.raw)} → {found}"


def _arrow(pairs: Sequence[Pair]) -> str:
    """The end of a title whose columns hold both scores of a pair."""
    return ", raw → rebuilt" * any(raw for _, raw in pairs)


def _print_classes(report: EvalReport) -> None:
    pairs = report.pairs()
    print_title(labelled("Recall per class" + _arrow(pairs), report.protocol))
    rows = [
        (found.name, str(found.support), *(_both(pair, partial(_recall, index)) for pair in pairs))
        for index, found in enumerate(report.scores[0].classes)
    ]
    columns = ["class", "windows", *(score.reader.name for score, _ in pairs)]
    print_table(columns, rows, numbers=columns[1:])
    for score in report.scores:
        if score.never_predicted:
            print_line(f"never predicted by {score.reader.words}: {', '.join(score.never_predicted)}")


def _recall(index: int, score: Score) -> str:
    recall = score.classes[index].recall
    return "–" if recall is None else _share(recall)


def _print_reconstruction(report: EvalReport) -> None:
    print_title(labelled("Reconstruction", report.protocol))
    rows = [
        (s.name, *map(_number, (s.mse, s.nmse, s.r2, s.correlation, s.spectral, s.mean_mse, s.lowpass_mse)))
        for s in report.reconstruction or ()
    ]
    columns = ["channel", "MSE", "nMSE", "R²", "corr.", "spectral", "mean's MSE", "low-pass MSE"]
    print_table(columns, rows, numbers=columns[1:])
    if report.per_class:
        print_title(labelled("Reconstruction per class", report.protocol))
        columns = ["class", "windows", "MSE", "R²", "worst channel by R²"]
        print_table(columns, [_class_row(found) for found in report.per_class], numbers=columns[1:4])
    if report.shapes_by_length:
        print_title(labelled("Drawn shapes compared with their stretches", report.protocol))
        columns = ["length, share of the series", "tokens", "MSE", "R²", "corr.", "scale"]
        rows = [
            (f"{b.above:g} to {b.upto:g}", str(b.tokens), *map(_number, (b.mse, b.r2, b.correlation)), "")
            for b in report.shapes_by_length
        ]
        whole = report.shape_fit
        if whole is not None:
            numbers = map(_number, (whole.mse, whole.r2, whole.correlation, whole.scale))
            rows.append(("all", str(whole.tokens), *numbers))
        print_table(columns, rows, numbers=columns[1:], total=whole is not None)
        if whole is not None and whole.tokens:
            print_line(f"{1 - whole.shaped / whole.tokens:.1%} of tokens are flat and have no correlation")


def _class_row(found: ClassReconstruction) -> tuple[str, ...]:
    known = [(channel.r2, channel.name) for channel in found.channels if channel.r2 is not None]
    worst = "{1}, {0:.3f}".format(*min(known)) if known else ""
    return found.name, str(found.windows), _number(found.mse), _number(found.r2), worst


def _print_corruptions(report: EvalReport) -> None:
    pairs = report.pairs()
    print_title(labelled(f"Corrupted inputs, correct of {report.windows} windows" + _arrow(pairs), report.protocol))
    every = report.reconstruction[-1] if report.reconstruction else None
    clean = [_both(pair, lambda score: str(score.correct)) for pair in pairs]
    rows = [("none", *clean, *((_number(every.mse), _number(every.r2)) if every else ()))]
    for trial in report.corruptions or ():
        counts = [_both(pair, partial(_count, trial)) for pair in pairs]
        rows.append((trial.name, *counts, *((_number(trial.mse), _number(trial.r2)) if every else ())))
    columns = ["corruption", *(score.reader.name for score, _ in pairs), *(("MSE to clean", "R²") if every else ())]
    print_table(columns, rows, numbers=columns[1:])


def _count(trial: CorruptionReport, score: Score) -> str:
    return str(trial.count(score.reader))


def _share(value: float) -> str:
    return f"{value:.3f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
