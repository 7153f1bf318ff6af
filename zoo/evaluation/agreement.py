"""Loss of accuracy of each judge from raw to rebuilt signals, and whether the judges agree."""

from collections.abc import Collection, Sequence

from zoo.evaluation.report import Agreement, JudgeLoss, RecallGap
from zoo.evaluation.score import Judged

POINTS = 0.1
"""Judges disagree if their losses of accuracy differ by more than this."""
_REMEDY = "add one with --judge or evaluation.judges, such as aeon.MiniRocketClassifier or another bundle"


def agreement(judges: Sequence[Judged], own: Collection[str]) -> Agreement:
    """Compare the scores of judges on rebuilt and raw signals; ``own`` names those that are the model's own head."""
    losses = [_loss(judge, judge.rebuilt.reader.name in own) for judge in judges]
    if len(losses) < 2:
        return Agreement(judges=losses, agree=None, pleased=[], sentence=_too_few(losses))
    harsh = max(losses, key=lambda judge: judge.lost)
    apart = [judge for judge in losses if harsh.lost - judge.lost > POINTS]
    pleased = [judge.name for judge in apart if judge.rebuilt > harsh.rebuilt]
    found = ", ".join(map(_points, losses))
    if not apart:
        sentence = f"The judges agree on the loss of accuracy: {found}."
    elif pleased:
        names, verb = " and ".join(pleased), "classifies" if len(pleased) == 1 else "classify"
        sentence = (
            f"The judges disagree on the loss of accuracy: {found}. Only {names} still {verb} the reconstructions well."
        )
    else:
        weaker, was = " and ".join(judge.name for judge in apart), "was" if len(apart) == 1 else "were"
        sentence = (
            f"The judges disagree on the loss of accuracy: {found}. {weaker} {was} less accurate on raw signals and "
            "had less to lose; train a better judge."
        )
    return Agreement(judges=losses, agree=not apart, pleased=pleased, sentence=sentence)


def gaps(judge: Judged) -> list[RecallGap]:
    """Recall of a judge on raw and on rebuilt signals, class by class."""
    raw, rebuilt = judge
    classes = zip(raw.classes, rebuilt.classes, strict=True)
    return [RecallGap(name=a.name, windows=a.support, raw=a.recall, rebuilt=b.recall) for a, b in classes]


def _loss(judge: Judged, own: bool) -> JudgeLoss:
    raw, rebuilt = judge
    lost = (raw.correct - rebuilt.correct) / max(raw.total, 1)
    name = rebuilt.reader.name
    return JudgeLoss(name=name, raw=raw.correct, rebuilt=rebuilt.correct, total=raw.total, lost=lost, own=own)


def _too_few(judges: list[JudgeLoss]) -> str:
    if not judges:
        return f"No judge: only the model's own scores show what the reconstruction has lost; {_REMEDY}."
    who = f"{judges[0].name}, the model's own head," if judges[0].own else judges[0].name
    return (
        f"Only one judge: nothing shows whether classifiers other than {who} recognise the reconstructions; {_REMEDY}."
    )


def _points(judge: JudgeLoss) -> str:
    return f"{judge.name} {judge.raw} → {judge.rebuilt} of {judge.total} ({0 - 100 * judge.lost:+.1f} points)"
