"""Provenance of a run in words: data, seed, revision, versions and origin of weights."""

from collections import Counter
from typing import NamedTuple

from zoo.data.split import DataSet
from zoo.report.evidence import Evidence
from zoo.runs.teacher_record import TeacherRecord
from zoo.weights.report import Transferred


class Fact(NamedTuple):
    """A fact on a run, and its name."""

    name: str
    value: str


def facts(evidence: Evidence) -> list[Fact]:
    """The facts that identify this run."""
    stored, source = evidence.stored, evidence.run.data.source
    versions = ", ".join(f"{name} {version}" for name, version in stored["plugins"].items())
    found = [
        Fact("data", f"{source.kind} {source.location}"),
        Fact("splits", splits(evidence.data)),
        Fact("subjects", _subjects(evidence.data)),
        Fact("fingerprint", stored["fingerprint"]),
        Fact("seed", str(stored["seed"])),
        Fact("revision", stored["revision"] or "trained outside a repository"),
        Fact("versions", f"shapezoo {stored['zoo']}; plugins {versions}"),
    ]
    found += [Fact(f"teacher {name}", _teacher(record)) for name, record in evidence.teachers.items()]
    found += [
        Fact(field, f"{bundle['source']}{_at(bundle.get('revision'))}, sha256 {bundle['sha256'][:12]}…")
        for field, bundle in stored.get("bundles", {}).items()
    ]
    return found + [Fact("transfer", sentence) for sentence in _transfers(evidence)]


def splits(data: DataSet) -> str:
    """Sizes of the splits and of a window."""
    _, channels, length = data.train.shape
    sizes = f"{len(data.train)} training, {len(data.validation)} validation and {len(data.test)} test windows"
    return f"{sizes}; {channels} channels of {length} samples, {len(data.classes)} classes"


def origins(transfer: Transferred | None) -> dict[str, dict[str, str]]:
    """For every component, how many tensors have which origin: `encoder: {fresh: 24 tensors}`."""
    counts = Counter(
        (tensor.partition(".")[0], origin.rpartition(": ")[0] or origin)
        for tensor, origin in (transfer.origins if transfer else {}).items()
    )
    found: dict[str, dict[str, str]] = {}
    for (component, origin), count in counts.items():
        found.setdefault(component, {})[origin] = f"{count} tensor{'s' * (count > 1)}"
    return found


def _transfers(evidence: Evidence) -> list[str]:
    return [report.sentence() for report in (evidence.transfer.transfers if evidence.transfer else [])]


def _at(commit: str | None) -> str:
    return f", commit {commit[:12]}" if commit else ""


def _teacher(record: TeacherRecord) -> str:
    if record.parameters is None:
        return f"a file of logits, sha256 {record.sha256[:12]}…"
    network = f"{record.kind} {record.capacity}, {record.parameters:,} parameters"
    return f"{network}{_at(record.revision)}, sha256 {record.sha256[:12]}…"


def _subjects(data: DataSet) -> str:
    if data.shared_subjects is None:
        return "unknown, so training and test may share people"
    if data.shared_subjects:
        return f"{len(data.shared_subjects)} are in both training and test, so scores say nothing about new people"
    return "none is in both training and test"
