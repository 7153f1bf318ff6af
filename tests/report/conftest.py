"""Three small trained runs and their pages, made once."""

from pathlib import Path
from typing import Any

import pytest
from small_reports import NAMES, REBUILT, spec, trained
from waves import write_waves

from zoo.cli.main import main
from zoo.runs.folder import RunFolder


def make(home: Path) -> None:
    """A classifier of raw signals, a model with everything that a page can show, judged by it, the same model with
    another seed, and their pages."""
    (write_waves(home / "windows", train=30, test=12) / "names.txt").write_text("\n".join(NAMES))
    signal = trained(home, spec(home, "signal", {"head": {"kind": "wrn.signal", "depth": 10}}))
    judge = {"judges": {"wrn": str(signal.bundle)}}
    shapes = trained(home, spec(home, "shapes", REBUILT, evaluation=judge))
    reseeded = trained(home, spec(home, "reseeded", REBUILT, evaluation=judge, training={"seed": 1}))
    assert main(["report", *(str(run.path) for run in (signal, shapes, reseeded))]) == 0


@pytest.fixture(scope="session")
def home(once: Any) -> Path:
    """Waves of two channels whose frequency is their class, in a folder with runs on them."""
    return once("reported", make)


@pytest.fixture(scope="session")
def signal(home: Path) -> RunFolder:
    return RunFolder(home / "runs" / "signal")


@pytest.fixture(scope="session")
def shapes(home: Path) -> RunFolder:
    return RunFolder(home / "runs" / "shapes")


@pytest.fixture(scope="session")
def reseeded(home: Path) -> RunFolder:
    return RunFolder(home / "runs" / "reseeded")


@pytest.fixture(scope="session")
def pages(home: Path, signal: RunFolder, shapes: RunFolder, reseeded: RunFolder) -> list[Path]:
    """Pages of three runs and the page that compares them."""
    return [signal.page, shapes.page, reseeded.page, home / "runs" / "comparison" / "report.html"]
