"""Three small trained runs and their pages, made once."""

from pathlib import Path

import pytest
from small_reports import NAMES, REBUILT, spec, trained
from waves import write_waves

from zoo.cli.main import main
from zoo.runs.folder import RunFolder


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Waves of two channels whose frequency is their class, in a folder with runs on them."""
    home = tmp_path_factory.mktemp("report")
    folder = write_waves(home / "windows", train=30, test=12)
    (folder / "names.txt").write_text("\n".join(NAMES))
    return home


@pytest.fixture(scope="session")
def signal(home: Path) -> RunFolder:
    """A classifier of raw signals."""
    return trained(home, spec(home, "signal", {"head": {"kind": "wrn.signal", "depth": 10}}))


@pytest.fixture(scope="session")
def shapes(home: Path, signal: RunFolder) -> RunFolder:
    """A model with everything that a page can show, judged by ``signal``."""
    judge = {"judges": {"wrn": str(signal.bundle)}}
    return trained(home, spec(home, "shapes", REBUILT, evaluation=judge))


@pytest.fixture(scope="session")
def reseeded(home: Path, signal: RunFolder) -> RunFolder:
    """The same spec with another seed."""
    judge = {"judges": {"wrn": str(signal.bundle)}}
    return trained(home, spec(home, "reseeded", REBUILT, evaluation=judge, training={"seed": 1}))


@pytest.fixture(scope="session")
def pages(home: Path, signal: RunFolder, shapes: RunFolder, reseeded: RunFolder) -> list[Path]:
    """Pages of three runs and the page that compares them."""
    assert main(["report", *(str(run.path) for run in (signal, shapes, reseeded))]) == 0
    return [signal.page, shapes.page, reseeded.page, home / "runs" / "comparison" / "report.html"]
