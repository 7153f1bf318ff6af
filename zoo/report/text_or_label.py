"""Whether words help, or labels would: runs with the real text beside the same runs with a control in its place."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from zoo_registry import Registry, TextSpec

from zoo.evaluation.score import HEAD, Score
from zoo.findings.finding import Finding
from zoo.findings.text import text_is_label
from zoo.report.measures import Judgement
from zoo.runs.compare import Spread, spread

_REAL, _NONE = "real text", "no text"
_ROWS = {"none": _REAL, "shuffled": "shuffled", "random": "random", "one-hot": "one-hot"}
_INFORMATION, _ENTROPY = "class information per code, bits", "action entropy per code, nats"


class ControlRow(NamedTuple):
    """Runs with the same text or control, which differ in no more than the seed; spreads by measure."""

    name: str
    runs: int
    spreads: Mapping[str, Spread]


class TextOrLabel(NamedTuple):
    """A row per control, the ``measures`` that at least one of them has, and the findings."""

    measures: tuple[str, ...]
    rows: tuple[ControlRow, ...]
    findings: tuple[Finding, ...]


def text_or_label(runs: Sequence[Judgement]) -> TextOrLabel | None:
    """Runs on the same data that differ in nothing but `model.text.control` and the seed.

    Beside them stand runs that differ in having no words: no text at all, or labels alone, with no weights or others
    for the terms of text. None unless there is a run with the real text and one with a control.
    """
    specs = [_Parts.of(run) for run in runs]
    for real in specs:
        family = [real.relation(other) for other in specs]
        groups: dict[str, list[Judgement]] = {}
        for name, run in zip(family, runs, strict=True):
            if name is not None:
                groups.setdefault(name, []).append(run)
        if real.name == _REAL and set(groups) - {_REAL, _NONE}:
            return _compared(groups)
    return None


class _Parts(NamedTuple):
    """A run's row, its text with the weights of its terms but without its control, and the rest of its spec."""

    name: str
    words: str | None
    rest: str

    @classmethod
    def of(cls, run: Judgement) -> "_Parts":
        spec = json.loads(json.dumps(run.folder.read()["run"]))
        del spec["name"], spec["training"]["seed"]
        text = spec["model"].pop("text", None)
        weights = _take_weights(spec["training"]["phases"])
        rest = json.dumps(spec, sort_keys=True)
        if text is None:
            return cls(_NONE, None, rest)
        kind = Registry.discover().find(text["kind"], "text")
        if not (issubclass(kind, TextSpec) and kind.needs_words):
            return cls(text["kind"], None, rest)
        name = _ROWS[text.pop("control")]
        return cls(name, json.dumps([text, weights], sort_keys=True), rest)

    def relation(self, other: "_Parts") -> str | None:
        """The row of ``other`` beside this run; None if it differs in more."""
        return other.name if self.rest == other.rest and other.words in (None, self.words) else None


def _take_weights(phases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Remove the weights of text's terms from ``phases`` and return them."""
    registry = Registry.discover()
    terms = {term for kind in registry.kinds("text") for term in registry.find(kind, "text").terms}
    taken = []
    for phase in phases:
        weights = phase["weights"] or {}
        taken.append({name: weight for name, weight in weights.items() if name in terms})
        phase["weights"] = {name: weight for name, weight in weights.items() if name not in terms}
    return taken


def _compared(groups: Mapping[str, Sequence[Judgement]]) -> TextOrLabel:
    order = (*_ROWS.values(), *sorted(set(groups) - {*_ROWS.values(), _NONE}), _NONE)
    values = {name: [_values(run) for run in groups[name]] for name in order if name in groups}
    measures = tuple(dict.fromkeys(measure for found in values.values() for run in found for measure in run))
    rows = tuple(ControlRow(name, len(found), _spreads(found, measures)) for name, found in values.items())
    return TextOrLabel(measures, rows, _findings(groups))


def _spreads(runs: Sequence[Mapping[str, float]], measures: Sequence[str]) -> dict[str, Spread]:
    """The spreads of the measures that all of ``runs`` have."""
    common = [measure for measure in measures if all(measure in run for run in runs)]
    return {measure: spread([run[measure] for run in runs]) for measure in common}


def _values(run: Judgement) -> dict[str, float]:
    """The measures of a run by name, accuracies first."""
    found = {f"accuracy, {score.reader.label}": score.accuracy for score in _scores(run)}
    if run.report.reconstruction and (r2 := run.report.reconstruction[-1].r2) is not None:
        found["R²"] = r2
    if run.codebook is not None:
        books, said = run.codebook.books, [book.actions for book in run.codebook.books if book.actions is not None]
        found["codebook score"] = run.codebook.score
        found[_INFORMATION] = sum(book.information for book in books) / len(books)
        if said:
            found[_ENTROPY] = sum(book.entropy for book in said) / len(said)
    return found


def _scores(run: Judgement) -> list[Score]:
    return [score for score in run.report.scores if score.reader == HEAD or score.reader.reads == "rebuilt"]


def _findings(groups: Mapping[str, Sequence[Judgement]]) -> tuple[Finding, ...]:
    """`text-is-label` by the first classifier that all runs have."""
    every = [run for found in groups.values() for run in found]
    reader = next((s.reader for s in _scores(every[0]) if all(run.report.score(s.reader) for run in every)), None)
    if reader is None:
        return ()
    accuracies = {
        name: [score.accuracy for run in found if (score := run.report.score(reader)) is not None]
        for name, found in groups.items()
    }
    controls = {name: found for name, found in accuracies.items() if name not in (_REAL, _NONE)}
    finding = text_is_label(accuracies[_REAL], controls, every[0].report.windows, reader.words)
    return () if finding is None else (finding,)
