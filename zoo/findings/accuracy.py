"""Meaningless accuracies: no better than the majority class, or of a network that fails on raw signals."""

from zoo.findings.data import misfits
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.readers import at_majority, compared, frozen


def majority_rate(facts: Facts) -> Finding | None:
    """A classifier no better than guessing, although its twin, if any, classifies raw signals well."""
    report = facts.evaluation
    if report is None:
        return None
    for found in compared(facts):
        blind = found.twin is not None and at_majority(found.twin, report.majority)
        if blind or not at_majority(found.score, report.majority):
            continue
        on_raw = "" if found.twin is None else f". On raw signals, {found.twin.correct} are correct"
        return Finding(
            name="majority-rate",
            grade="grave",
            sentence=f"{found.words} classifies {found.score.correct} of {found.score.total} windows correctly, no "
            f"better than always predicting {report.majority.name} ({report.majority.correct}){on_raw}.",
            remedy=_remedy(trained=found.twin is None),
        )
    return None


def blind_judge(facts: Facts) -> Finding | None:
    """A network trained on raw signals that is no better than the majority on these, although their scale fits."""
    report = facts.evaluation
    if report is None:
        return None
    for score in frozen(facts):
        name = score.reader.name
        if not at_majority(score, report.majority) or name in misfits(facts):
            continue
        field = "transfer" if score.reader.own else f"evaluation.judges.{name}"
        return Finding(
            name="blind-judge",
            grade="grave",
            sentence=f"{'The head' if score.reader.own else f'Judge {name}'} classifies {score.correct} of "
            f"{score.total} raw windows correctly, no better than always predicting {report.majority.name} "
            f"({report.majority.correct}), so its scores on rebuilt signals mean nothing.",
            remedy=f"Evaluate its own run with `zoo eval`, and name a network in {field} that was trained well on "
            "these data.",
        )
    return None


def _remedy(trained: bool) -> str:
    if trained:
        return (
            "Check the labels with `zoo data`, then train longer (training.epochs) or raise the weight of ce in "
            "training.phases."
        )
    return "Train the reconstruction longer (training.epochs), or raise model.quantizer.codes or model.encoder.tokens."
