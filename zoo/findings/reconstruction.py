"""Problems of reconstructions: flat, or optimised for a classifier."""

from pathlib import Path

from zoo.evaluation.score import HEAD
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.readers import compared
from zoo.hub.address import is_address
from zoo.io.files import resolved
from zoo.runs.compare import stands_out
from zoo.weights.manifest import bundle_in

WORSE = 1.25
"""Factor on the lowest mean squared error from which the signal has been sacrificed for another term."""
FLAT = 0.1
"""R² about each window's own mean below which a reconstruction contains hardly more than that mean."""


def flat_reconstruction(facts: Facts) -> Finding | None:
    """Rebuilt signals that contain hardly more than each window's mean."""
    scores = facts.evaluation.reconstruction if facts.evaluation else None
    if not scores or scores[-1].r2 is None or scores[-1].r2 >= FLAT:
        return None
    every = scores[-1]
    return Finding(
        name="flat-reconstruction",
        grade="grave",
        sentence=f"The reconstruction is flat: R² {every.r2:.2f} about each window's own mean (mean squared error "
        f"{every.mse:.3g}, that of the mean {every.mean_mse:.3g}).",
        remedy="Raise the weight of x in training.phases, or train longer (training.epochs).",
    )


def classifier_shortcut(facts: Facts) -> Finding | None:
    """Accuracy on rebuilt signals that rises while their error rises too, with cross-entropy in the loss."""
    correct, of = f"val/{HEAD.label}.correct", f"val/{HEAD.label}.total"
    epochs = [epoch for epoch in facts.curve.epochs if {"val/mse", correct} <= epoch.values.keys()]
    if not epochs or not facts.head_reads_rebuilt or "ce" not in epochs[-1].shares:
        return None
    best, last = min(epochs, key=lambda epoch: epoch.values["val/mse"]), epochs[-1]
    errors = [epoch.values["val/mse"] for epoch in (best, last)]
    hits = [int(epoch.values[correct]) for epoch in (best, last)]
    total = int(last.values[of])
    if errors[1] <= WORSE * errors[0] or not stands_out(hits[1], hits[0], total):
        return None
    return Finding(
        name="classifier-shortcut",
        grade="grave",
        sentence=f"Since epoch {best.number}, accuracy rose from {hits[0]} to {hits[1]} of {total} windows while the "
        f"reconstruction got worse (mean squared error {errors[0]:.3g} to {errors[1]:.3g}): the model optimises its "
        "output for the classifier instead of reconstructing the signal.",
        remedy="Lower the weight of ce in training.phases, or remove it and use a frozen classifier only to measure.",
    )


def only_own_head(facts: Facts) -> Finding | None:
    """Rebuilt signals that their head, trained with them, classifies clearly better than a judge of raw signals."""
    every = compared(facts)
    head = next((found.score for found in every if found.reader == HEAD), None)
    if head is None or not _trained_to_please(facts):
        return None
    for found in every:
        raw, hits, total = found.twin, found.score.correct, found.score.total
        if raw is None or found.reader.own:
            continue
        if stands_out(raw.correct, hits, total) and stands_out(head.correct, hits, total):
            return Finding(
                name="only-own-head",
                grade="grave",
                sentence=f"The head that was trained with the reconstructions classifies {head.correct} of {total} "
                f"correctly, but judge {found.reader.name} only {hits} ({raw.correct} on raw signals).",
                remedy="Rely on the judge's score, and lower the weight of ce in training.phases.",
            )
    return None


def no_independent_judge(facts: Facts) -> Finding | None:
    """Reconstructions that were trained with the head's loss, with no other classifier to judge them."""
    if not _trained_to_please(facts) or facts.evaluation is None or facts.run is None:
        return None
    taken = {_place(transfer.source) for transfer in facts.run.transfer}
    judges = facts.run.evaluation
    added = facts.evaluation.agreement.judges if facts.evaluation.agreement else []
    if any(not judge.own and judge.name not in judges.judges for judge in added):
        return None
    if judges.estimators or any(_place(bundle) not in taken for bundle in judges.bundles.values()):
        return None
    return Finding(
        name="no-independent-judge",
        grade="note",
        sentence="The reconstructions were trained with the loss of the head, and no other classifier evaluates them.",
        remedy="Name an estimator in evaluation.judges, such as aeon.MiniRocketClassifier, or the bundle of a second "
        "classifier of signals.",
    )


def _trained_to_please(facts: Facts) -> bool:
    """Whether the loss contains the cross-entropy of a head that reads rebuilt signals."""
    return facts.head_reads_rebuilt and facts.curve.weighed("ce")


def _place(bundle: str) -> Path:
    """The resolved path of the bundle; of a model on a hub, its address."""
    return Path(bundle) if is_address(bundle) else resolved(bundle_in(bundle))
