"""The pictures of one run by section of its page."""

from dataclasses import dataclass

from zoo.codebook.pictures import pictures as codebook_pictures
from zoo.evaluation.figures import (
    confusion_picture,
    recall_picture,
    reconstruction_picture,
    shapes_picture,
)
from zoo.evaluation.report import ClassReport, EvalReport
from zoo.plotting.picture import Picture
from zoo.report.curves import curves
from zoo.report.evidence import Evidence


@dataclass(frozen=True)
class Pictures:
    """Pictures by section; a section without pictures is empty."""

    curves: list[Picture]
    reconstruction: list[Picture]
    shapes: list[Picture]
    codes: list[Picture]
    classes: list[Picture]


def pictures_of(evidence: Evidence) -> Pictures:
    """Draw every picture that applies to the model."""
    report, sample = evidence.report, evidence.sample
    shapes = shapes_picture(sample.output, sample.labels)
    rebuilt = reconstruction_picture(sample.output, sample.labels)
    return Pictures(
        curves=curves(evidence.history) if evidence.history else [],
        reconstruction=[rebuilt] if rebuilt else [],
        shapes=[shapes] if shapes else [],
        codes=codebook_pictures(evidence.codebook) if evidence.codebook else [],
        classes=class_pictures(report),
    )


def class_pictures(report: EvalReport) -> list[Picture]:
    """Loss of recall of each judge, then the confusion matrix of every classifier that reads output of this run."""
    lost = [recall_picture(raw, rebuilt, judge) for judge, raw, rebuilt in judged_twice(report)]
    return [*lost, *(confusion_picture(scores, name) for name, scores in distinct(report).items())]


def judged_twice(report: EvalReport) -> list[tuple[str, ClassReport, ClassReport]]:
    """Judges with their scores on raw and on rebuilt signals."""
    found = report.classifiers
    names = [name.removesuffix(" on rebuilt") for name in found if name.endswith(" on rebuilt")]
    return [(name, found[f"{name} on raw"], found[f"{name} on rebuilt"]) for name in names]


def distinct(report: EvalReport) -> dict[str, ClassReport]:
    """Classifiers with different confusion matrices: a transferred head may be the same network as its judge."""
    found: dict[str, ClassReport] = {}
    for name, scores in report.classifiers.items():
        if all(scores.confusion != other.confusion for other in found.values()):
            found[name] = scores
    return found
