"""All rules, in a fixed order."""

from collections.abc import Callable

from zoo.findings.accuracy import blind_judge, majority_rate
from zoo.findings.classes import class_hard, class_lost, class_missed
from zoo.findings.codebook import (
    collapsed_scale,
    dead_codes,
    decoder_bypass,
    flat_shapes,
    identical_shapes,
    shapes_fit_nothing,
)
from zoo.findings.data import (
    leaked_validation,
    leaked_windows,
    overlapping_windows,
    shared_subjects,
    wrong_normalisation,
)
from zoo.findings.facts import Facts
from zoo.findings.finding import GRADES, Finding
from zoo.findings.losses import divergence, dominant_term, weak_term
from zoo.findings.reconstruction import classifier_shortcut, flat_reconstruction, no_independent_judge, only_own_head
from zoo.findings.text import flat_attention, text_collapsed

Rule = Callable[[Facts], Finding | None]

RULES: tuple[Rule, ...] = (
    divergence,
    leaked_windows,
    overlapping_windows,
    wrong_normalisation,
    blind_judge,
    flat_reconstruction,
    collapsed_scale,
    identical_shapes,
    shapes_fit_nothing,
    decoder_bypass,
    classifier_shortcut,
    only_own_head,
    majority_rate,
    leaked_validation,
    shared_subjects,
    dead_codes,
    flat_shapes,
    flat_attention,
    text_collapsed,
    class_lost,
    class_missed,
    weak_term,
    dominant_term,
    class_hard,
    no_independent_judge,
)
"""Within a grade, findings that make others meaningless come first."""


def find(facts: Facts) -> list[Finding]:
    """All findings from ``facts``, the gravest first."""
    found = [finding for rule in RULES if (finding := rule(facts)) is not None]
    return sorted(found, key=lambda finding: GRADES.index(finding.grade))
