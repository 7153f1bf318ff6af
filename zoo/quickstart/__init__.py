"""`zoo quickstart`: the main job within a minute, on real data that come with aeon."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from zoo_registry import Registry, RunSpec

from zoo.codebook.report import CodebookReport
from zoo.evaluation.report import EvalReport
from zoo.findings.verdict import Verdict
from zoo.report.evidence import gather
from zoo.report.run_report import write_report
from zoo.runs.folder import RunFolder
from zoo.training.fit import train


@dataclass(frozen=True)
class Stage:
    """One of the three runs: its title, its folder, and its results."""

    title: str
    folder: RunFolder
    report: EvalReport
    codebook: CodebookReport | None
    verdict: Verdict


def quickstart(out: Path) -> Iterator[Stage]:
    """Train and judge, one after the other: a WRN on signals, a VQShape whose reconstruction that WRN reads, frozen,
    and the same spec with its head swapped for a linear one, solved for on frozen tokens.

    Runs that ``out`` already holds are resumed or reused. Writes a report into each run's folder.
    """
    signal, recon, tokens = (out / name for name in ("signal-wrn", "recon-wrn", "token-linear"))
    yield _stage("WRN on raw signals", _run("signal"), signal)
    shapes = _run("shapes")
    shapes |= {
        "transfer": [{"source": str(signal / "bundle"), "only": ["head"]}],
        "evaluation": shapes["evaluation"] | {"judges": {"wrn": str(signal / "bundle")}},
    }
    yield _stage("VQShape, rebuilt signals classified by the frozen WRN", shapes, recon)
    yield _stage("same VQShape, frozen, with a token-linear head", _swapped(shapes, recon), tokens)


def pretrained(out: Path) -> Iterator[Stage]:
    """Read GunPoint with `shapes-small`, which has never seen it: codes, shapes and a report from a frozen codebook.

    Only a linear head is fitted."""
    yield _stage("shapes-small, frozen, with a token-linear head", _run("pretrained"), out / "shapes-small")


def _swapped(shapes: dict[str, Any], recon: Path) -> dict[str, Any]:
    """The spec of ``shapes`` with another head: one word of the model; the run then trains that head alone."""
    return shapes | {
        "name": "token-linear",
        "model": shapes["model"] | {"head": {"kind": "heads.token-linear"}},
        "transfer": [{"source": str(recon / "bundle"), "only": ["encoder", "quantizer", "decoder"]}],
        "training": shapes["training"]
        | {"epochs": 1, "phases": [{"name": "read", "learn": ["head"], "fit": "closed"}]},
    }


def _run(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads((files("zoo.quickstart") / f"{name}.json").read_text(encoding="utf-8"))
    return spec


def _stage(title: str, data: dict[str, Any], path: Path) -> Stage:
    run: RunSpec = Registry.discover().run(data)
    folder = train(run, path, resume=True)
    evidence = gather(folder)
    write_report(evidence)
    codebook = evidence.codebook.report if evidence.codebook else None
    return Stage(title, folder, evidence.report, codebook, evidence.verdict)
