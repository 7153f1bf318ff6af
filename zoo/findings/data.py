"""Problems of the data or their scaling: wrong normalisation, windows or people in two splits."""

from zoo.data.leaks import sentence_on_overlaps, sentence_on_test, sentence_on_validation
from zoo.evaluation.score import HEAD
from zoo.findings.facts import DataFacts, Facts, Standard
from zoo.findings.finding import Finding

SHIFT = 0.5
"""Distance of two means, in deviations of the data, from which a network's input differs from its training data."""
RATIO = 2.0
"""Factor between two deviations from which it does."""
LEAK = 0.01
"""Share of test windows that are also in training from which they can change an accuracy by one point."""
NEAR = 0.05
"""Tolerance on mean 0 and deviation 1 for standardised data: their splits differ slightly."""


def wrong_normalisation(facts: Facts) -> Finding | None:
    """A head or judge whose standardisation statistics are far from those of the training split."""
    for standard in facts.standards:
        channel = misfits(facts).get(standard.reader)
        if channel is None or facts.data is None:
            continue
        return Finding(
            name="wrong-normalisation",
            grade="grave",
            sentence=f"{_name(standard)} standardises channel {channel} with mean {standard.mean[channel]:.3g} and "
            f"deviation {standard.std[channel]:.3g}, but the training data have {facts.data.mean[channel]:.3g} "
            f"and {facts.data.std[channel]:.3g}{_why(standard, facts.data)}.",
            remedy="Use data in the units it was trained on, or train it on these data, or import it with "
            "`zoo import --expects-norm` and the statistics of these data.",
        )
    return None


def misfits(facts: Facts) -> dict[str, int]:
    """Networks whose statistics are far from those of the data, each with its first such channel."""
    if facts.data is None:
        return {}
    found = {standard.reader: _misfit(standard, facts.data) for standard in facts.standards}
    return {reader: channel for reader, channel in found.items() if channel is not None}


def leaked_windows(facts: Facts) -> Finding | None:
    """Test windows that are in training or validation too."""
    if facts.data is None or not facts.data.leaks.test:
        return None
    leaks, windows = facts.data.leaks, facts.data.test
    return Finding(
        name="leaked-windows",
        grade="grave" if leaks.test >= LEAK * windows else "warning",
        sentence=f"{sentence_on_test(leaks, windows)}.",
        remedy="Remove these windows from one of the splits. If data.source.test names the training windows, name "
        "other ones, or set it to null and data.split.test to a share such as 0.25.",
    )


def leaked_validation(facts: Facts) -> Finding | None:
    """Validation windows that are in training too: a selection on them favours memorisation."""
    if facts.data is None or not facts.data.leaks.validation:
        return None
    return Finding(
        name="leaked-validation",
        grade="warning",
        sentence=f"{sentence_on_validation(facts.data.leaks, facts.data.validation)}.",
        remedy="Remove duplicate windows from the training files, or name a group for data.source that keeps them "
        "together.",
    )


def overlapping_windows(facts: Facts) -> Finding | None:
    """Test or validation windows that share a stretch of samples with windows of an earlier split."""
    if facts.data is None or not facts.data.leaks.test_overlaps + facts.data.leaks.validation_overlaps:
        return None
    leaks, test = facts.data.leaks, facts.data.test
    overlaps = [(leaks.test_overlaps, test, "test"), (leaks.validation_overlaps, facts.data.validation, "validation")]
    return Finding(
        name="overlapping-windows",
        grade="grave" if leaks.test_overlaps >= LEAK * test and leaks.test_overlaps else "warning",
        sentence=f"{'. '.join(sentence_on_overlaps(*each) for each in overlaps if each[0])}.",
        remedy="Split between recordings: name a group for data.source, such as the trial of each window, or "
        "write windows that do not overlap.",
    )


def shared_subjects(facts: Facts) -> Finding | None:
    """People with windows in both training and test."""
    if facts.data is None or not facts.data.shared_subjects:
        return None
    people = facts.data.shared_subjects
    few = f" ({', '.join(people)})" if len(people) <= 3 else ""
    return Finding(
        name="shared-subjects",
        grade="warning",
        sentence=f"Training and test share {len(people)} subject{'s' * (len(people) > 1)}{few}: scores say nothing "
        "about new people.",
        remedy="Set data.source.test to null, data.split.by to subject and data.split.test to a share such as 0.25.",
    )


def _misfit(standard: Standard, data: DataFacts) -> int | None:
    """The first channel whose statistics differ too much."""
    if len(standard.mean) != len(data.mean):
        return None
    for channel, (mean, std, real_mean, real_std) in enumerate(
        zip(standard.mean, standard.std, data.mean, data.std, strict=True)
    ):
        unit = real_std or 1.0
        if abs(mean - real_mean) > SHIFT * unit or not unit / RATIO <= std <= unit * RATIO:
            return channel
    return None


def _why(standard: Standard, data: DataFacts) -> str:
    """The likely cause, if one side is standardised and the other is not."""
    if _unit(data.mean, data.std):
        return ": the data are already standardised, and are standardised a second time here"
    if _unit(standard.mean, standard.std):
        return ": it was trained on standardised data, and these are not standardised"
    return ""


def _unit(mean: tuple[float, ...], std: tuple[float, ...]) -> bool:
    return all(abs(m) <= NEAR for m in mean) and all(abs(s - 1) <= NEAR for s in std)


def _name(standard: Standard) -> str:
    return "The head" if standard.reader == HEAD.name else f"Judge {standard.reader}"
