"""What `zoo eval` and `zoo quickstart` print: scores beside the rows they must be read against."""

from collections.abc import Sequence

from zoo.cli.tables import print_table, print_title
from zoo.evaluate.classification import ClassReport
from zoo.evaluate.evaluation import EvalReport, Majority
from zoo.quickstart import Stage


def print_report(report: EvalReport, split: str) -> None:
    """Print classifiers beside the majority class, then classes, reconstruction and codes."""
    print_title(f"Classification, {split} split of {report.windows} windows")
    majority = _majority(f"majority class ({report.majority.name})", report.majority)
    print_table(
        ["classifier", "correct", "accuracy", "balanced", "macro F1"],
        [(*majority, "", ""), *(_scores(name, scores) for name, scores in report.classifiers.items())],
        numbers=("correct", "accuracy", "balanced", "macro F1"),
    )
    if report.classifiers:
        _print_classes(report)
    if report.reconstruction:
        _print_reconstruction(report)
    for level in report.codebook or ():
        print(f"{level.book}: {level.used} of {level.codes} codes used, perplexity {level.perplexity:.1f}")


def print_stages(stages: Sequence[Stage]) -> None:
    """Print the three runs of the quickstart in one table, the majority class above them."""
    majority = stages[0].judged.report.majority
    rows = [_majority(f"always {majority.name}, the majority", majority)]
    for stage in stages:
        head = stage.judged.report.classifiers["head"]
        rows.append((stage.title, f"{head.correct}/{head.total}", _share(head.accuracy)))
    extra = [("", "", "")] + [_fit(stage.judged.report) for stage in stages]
    print_title("BasicMotions, test split, never looked at in training")
    columns = ["model", "correct", "accuracy", "R² of rebuilt", "codes used", "perplexity"]
    print_table(columns, [(*row, *more) for row, more in zip(rows, extra, strict=True)], numbers=columns[1:])
    print("\nfigures:")
    for stage in stages:
        print(f"  {stage.folder.figures}")


def _majority(name: str, majority: Majority) -> tuple[str, str, str]:
    return name, f"{majority.correct}/{majority.total}", _share(majority.accuracy)


def _fit(report: EvalReport) -> tuple[str, str, str]:
    r2 = _number(report.reconstruction[-1].r2) if report.reconstruction else ""
    book = report.codebook[0] if report.codebook else None
    return r2, f"{book.used}/{book.codes}" if book else "", f"{book.perplexity:.1f}" if book else ""


def _scores(name: str, scores: ClassReport) -> tuple[str, ...]:
    numbers = (scores.accuracy, scores.balanced_accuracy, scores.macro_f1)
    return name, f"{scores.correct}/{scores.total}", *map(_share, numbers)


def _print_classes(report: EvalReport) -> None:
    print_title("Recall per class")
    names = list(report.classifiers)
    classes = next(iter(report.classifiers.values())).classes
    rows = [
        (found.name, str(found.support), *(_recall(report.classifiers[name], index) for name in names))
        for index, found in enumerate(classes)
    ]
    print_table(["class", "windows", *names], rows, numbers=("windows", *names))
    for name in names:
        if missing := report.classifiers[name].never_predicted:
            print(f"never predicted by {name}: {', '.join(missing)}")


def _recall(scores: ClassReport, index: int) -> str:
    recall = scores.classes[index].recall
    return "" if recall is None else _share(recall)


def _print_reconstruction(report: EvalReport) -> None:
    print_title("Reconstruction")
    rows = [
        (s.name, *(_number(v) for v in (s.mse, s.nmse, s.r2, s.correlation, s.mean_mse, s.lowpass_mse)))
        for s in report.reconstruction or ()
    ]
    columns = ["channel", "MSE", "normalised MSE", "R²", "correlation", "MSE of mean", "MSE of low-pass"]
    print_table(columns, rows, numbers=columns[1:])
    print()


def _share(value: float) -> str:
    return f"{value:.3f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
