"""The pictures of one run by section of its page."""

from dataclasses import dataclass

from zoo.codebook.pictures import action_pictures
from zoo.codebook.pictures import pictures as codebook_pictures
from zoo.evaluation.figures import (
    confusion_picture,
    recall_picture,
    reconstruction_picture,
    shapes_picture,
)
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import Score
from zoo.plotting.picture import Picture
from zoo.report.curves import curves
from zoo.report.evidence import Evidence
from zoo.report.named_windows import named_windows_picture
from zoo.texts.picture import gram_picture


@dataclass(frozen=True)
class Pictures:
    """Pictures by section; a section without pictures is empty."""

    curves: list[Picture]
    reconstruction: list[Picture]
    shapes: list[Picture]
    codes: list[Picture]
    text: list[Picture]
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
        text=text_pictures(evidence),
        classes=class_pictures(report),
    )


def text_pictures(evidence: Evidence) -> list[Picture]:
    """Codes and the actions that they name, windows with their codes named, and the similarity of the actions."""
    words, sample = evidence.wording, evidence.sample
    if words is None:
        return []
    named = named_windows_picture(sample.output, words, sample.labels)
    codes = action_pictures(evidence.codebook) if evidence.codebook else []
    return [*codes, *([named] if named else []), gram_picture(words.report)]


def class_pictures(report: EvalReport) -> list[Picture]:
    """Loss of recall of each judge, then the confusion matrix of every classifier that reads output of this run."""
    lost = [recall_picture(judge) for judge in report.judged()]
    return [*lost, *map(confusion_picture, distinct(report))]


def distinct(report: EvalReport) -> list[Score]:
    """Scores with different confusion matrices: a transferred head may be the same network as its judge."""
    found: list[Score] = []
    for score in report.scores:
        if all(score.confusion != other.confusion for other in found):
            found.append(score)
    return found
