"""Meaningless accuracies: no better than the majority class, or of a network that fails on raw signals."""

from zoo.findings.data import misfits
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.readers import RAW, at_majority, capital, frozen, readers


def majority_rate(facts: Facts) -> Finding | None:
    """A reader no better than guessing, although its twin, if any, classifies raw signals well."""
    report = facts.evaluation
    if report is None:
        return None
    for reader in readers(facts):
        blind = reader.twin is not None and at_majority(reader.twin, report.majority)
        if blind or not at_majority(reader.scores, report.majority):
            continue
        beside = "" if reader.twin is None else f"; on raw signals it is right in {reader.twin.correct}"
        return Finding(
            name="majority-rate",
            grade="grave",
            sentence=f"{capital(reader.words)} is right in {reader.scores.correct} of {reader.scores.total} windows, "
            f"no better than always naming {report.majority.name} ({report.majority.correct}){beside}.",
            remedy=_remedy(trained=reader.twin is None),
        )
    return None


def blind_judge(facts: Facts) -> Finding | None:
    """A network trained on raw signals that is no better than the majority on these, although their scale fits."""
    report = facts.evaluation
    for name in frozen(facts) if report else ():
        scores = report.classifiers.get(name + RAW) if report else None
        if report is None or scores is None or not at_majority(scores, report.majority) or name in misfits(facts):
            continue
        field = "transfer" if name == "head" else f"evaluation.judges.{name}"
        return Finding(
            name="blind-judge",
            grade="grave",
            sentence=f"{'The head' if name == 'head' else f'Judge {name}'} reads raw signals no better than always "
            f"naming {report.majority.name} ({scores.correct} of {scores.total} windows, {report.majority.correct}), "
            "so what it says of rebuilt ones means nothing.",
            remedy=f"Judge its own run with `zoo eval`, and name one in {field} that was trained well on these data.",
        )
    return None


def _remedy(trained: bool) -> str:
    if trained:
        return (
            "Check the labels with `zoo data`, then train longer (training.epochs) or weigh ce more in training.phases."
        )
    return "Train the reconstruction longer (training.epochs), or raise model.quantizer.codes or model.encoder.tokens."
