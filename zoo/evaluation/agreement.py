"""Loss of accuracy of each judge from raw to rebuilt signals, and whether the judges agree."""

from collections.abc import Mapping

from zoo.evaluation.report import Agreement, ClassReport, JudgeLoss, RecallGap

POINTS = 0.1
"""Judges disagree if their losses of accuracy differ by more than this."""


def agreement(classifiers: Mapping[str, ClassReport], own: Mapping[str, bool]) -> Agreement:
    """Compare the judges named in ``own``; its values mark the model's own head."""
    judges = [_loss(name, classifiers, mine) for name, mine in own.items()]
    if len(judges) < 2:
        return Agreement(judges=judges, agree=None, pleased=[], sentence=_too_few(judges))
    harsh = max(judges, key=lambda judge: judge.lost)
    apart = [judge for judge in judges if harsh.lost - judge.lost > POINTS]
    pleased = [judge.name for judge in apart if judge.rebuilt > harsh.rebuilt]
    found = ", ".join(map(_points, judges))
    if not apart:
        sentence = f"the judges agree on what was lost: {found}"
    elif pleased:
        sentence = (
            f"the judges disagree on what was lost: {found}; the reconstruction pleases {' and '.join(pleased)} only"
        )
    else:
        weaker = " and ".join(judge.name for judge in apart)
        sentence = f"the judges disagree on what was lost: {found}; {weaker} had less to lose: train a better judge"
    return Agreement(judges=judges, agree=not apart, pleased=pleased, sentence=sentence)


def gaps(classifiers: Mapping[str, ClassReport], judge: str) -> list[RecallGap]:
    """Recall of ``judge`` on raw and on rebuilt signals, class by class."""
    pairs = zip(classifiers[f"{judge} on raw"].classes, classifiers[f"{judge} on rebuilt"].classes, strict=True)
    return [RecallGap(name=raw.name, windows=raw.support, raw=raw.recall, rebuilt=made.recall) for raw, made in pairs]


def _loss(name: str, classifiers: Mapping[str, ClassReport], own: bool) -> JudgeLoss:
    raw, rebuilt = classifiers[f"{name} on raw"], classifiers[f"{name} on rebuilt"]
    lost = (raw.correct - rebuilt.correct) / max(raw.total, 1)
    return JudgeLoss(name=name, raw=raw.correct, rebuilt=rebuilt.correct, total=raw.total, lost=lost, own=own)


def _too_few(judges: list[JudgeLoss]) -> str:
    remedy = "add one with --judge or evaluation.judges, such as aeon.MiniRocketClassifier or another bundle"
    if not judges:
        return f"no judge: nothing but the model itself says what the reconstruction lost; {remedy}"
    who = f"{judges[0].name}, the model's own head," if judges[0].own else judges[0].name
    return f"one judge only: what pleases {who} alone would go unnoticed; {remedy}"


def _points(judge: JudgeLoss) -> str:
    return f"{judge.name} {judge.raw} → {judge.rebuilt} of {judge.total} ({-100 * judge.lost:+.1f} points)"
