"""The page of one run, and its figure files."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, NamedTuple

from zoo_registry.version import version

from zoo.evaluation.report import ClassReconstruction, EvalReport
from zoo.evaluation.score import Score
from zoo.evaluation.times import as_latex, as_markdown, times_table
from zoo.io.files import write_text
from zoo.report.applied import AppliedRow
from zoo.report.evidence import Evidence
from zoo.report.history import History
from zoo.report.page import Drawn, Section, render, save
from zoo.report.pictures import pictures_of
from zoo.report.provenance import facts, origins, splits
from zoo.report.summary import headline, tiles
from zoo.runs.protocol import UPPER_BOUND


class ClassRow(NamedTuple):
    """A class with its windows and its recall by every classifier, None if it has no windows."""

    name: str
    windows: int
    recalls: list[float | None]
    rebuilt: ClassReconstruction | None


def write_report(evidence: Evidence) -> None:
    """Write `report.html` into the run's folder and every figure as PNG and SVG into `figures`."""
    found = pictures_of(evidence)
    sections = {field.name: getattr(found, field.name) for field in fields(found)}
    drawn = {name: [save(picture, evidence.folder.figures) for picture in part] for name, part in sections.items()}
    if evidence.report.taught and evidence.report.taught.times:
        rows = times_table(evidence.report.taught.times)
        write_text(evidence.folder.figures / "times.md", as_markdown(rows))
        write_text(evidence.folder.figures / "times.tex", as_latex(rows))
    write_text(evidence.folder.page, render("run.html", context(evidence, drawn)))


def context(evidence: Evidence, drawn: dict[str, list[Drawn]]) -> dict[str, Any]:
    """The variables of the template of a run."""
    report = evidence.report
    return {
        "name": evidence.name,
        "subtitle": splits(evidence.data),
        "report": report,
        "pictures": drawn,
        "sections": list(_sections(report, drawn, evidence.applied)),
        "applied": evidence.applied,
        "paper": UPPER_BOUND if report.protocol == "paper" else "",
        "headline": headline(report),
        "verdict": evidence.verdict,
        "tiles": tiles(report, evidence.codebook.report if evidence.codebook else None),
        "codebook": evidence.codebook.report if evidence.codebook else None,
        "scores": ordered(report),
        "times": times_table(report.taught.times) if report.taught and report.taught.times else [],
        "phases": _phases(evidence.history),
        "examples": len(evidence.sample.labels),
        "classes": class_rows(report),
        "facts": facts(evidence),
        "origins": origins(evidence.transfer),
        "stored": evidence.stored,
        "zoo": version(),
    }


def ordered(report: EvalReport) -> list[Score]:
    """Scores on raw signals first, then on rebuilt ones, then those of the model's own head."""
    return sorted(report.scores, key=lambda score: ("raw", "rebuilt", "declared").index(score.reader.reads))


def class_rows(report: EvalReport) -> list[ClassRow]:
    """A row per class, with recall in the order of ``report.scores``."""
    every = report.scores
    rebuilt = {row.name: row for row in report.per_class or ()}
    return [
        ClassRow(first.name, first.support, [s.classes[index].recall for s in every], rebuilt.get(first.name))
        for index, first in enumerate(every[0].classes if every else ())
    ]


def _sections(report: EvalReport, drawn: dict[str, list[Drawn]], applied: list[AppliedRow]) -> Iterator[Section]:
    yield Section("verdict", "Verdict")
    yield Section("scores", "Scores")
    there = {
        "teachers": ("Teachers", report.taught),
        "training": ("Training", drawn["curves"]),
        "reconstruction": ("Reconstruction", report.reconstruction),
        "shapes": ("Shapes", drawn["shapes"]),
        "codes": ("Codes", drawn["codes"]),
        "text": ("Text", drawn["text"]),
        "classes": ("Classes", report.scores),
        "applied": ("Applied", applied),
    }
    yield from (Section(name, words) for name, (words, found) in there.items() if found)
    yield Section("run", "Run")


def _phases(history: History | None) -> str:
    if history is None:
        return ""
    marks = history.marks()
    if len(marks) == 1:
        return f"{len(history.epochs)} epochs in one phase, {marks[0].phase}."
    phases = ", ".join(f"{mark.phase} from epoch {mark.epoch}" for mark in marks)
    return f"{len(history.epochs)} epochs: {phases}. Dotted lines mark the start of each phase."
