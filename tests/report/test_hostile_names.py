"""Hostile names in every command: each byte of its output, pages and tables is plain text."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from small_reports import REBUILT
from small_runs import SHAPES
from waves import write_waves

from zoo.cli.main import main
from zoo.sweep.folder import SweepFolder

HOSTILE = ["walk\x1b[2J\x1b]0;owned\x07", "=1+1\x01\ufffe", "a\u202eb\x9b31m\x7f <b>&amp;</b>"]
"""Names of classes that move the cursor, are formulas, turn the line round, and are no XML."""
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Nothing of it may leave a program; lines may end."""
WHOLE = re.compile(r"<svg.*?</svg>", re.DOTALL)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name contains line breaks, with windows of classes whose names are worse."""
    home = tmp_path_factory.mktemp("hostile") / "a\n\x1b[31mb"
    home.mkdir()
    folder = write_waves(home / "win\x1b[2Jdows", train=30, test=12)
    for split in ("train", "test"):
        names = np.array(HOSTILE)[np.load(folder / f"y_{split}.npy")]
        np.save(folder / f"y_{split}.npy", names)
        np.save(folder / f"subject_{split}.npy", np.char.add("\x1b[2Jp", (np.arange(len(names)) % 5).astype(str)))
    return home


@pytest.fixture
def zoo(capfd):
    """Run a command that must succeed; returns its output, of which every byte is checked."""

    def run(*arguments: str | Path, status: int = 0) -> str:
        capfd.readouterr()
        assert main([str(argument) for argument in arguments]) == status, capfd.readouterr().err
        out, err = capfd.readouterr()
        assert UNSEEN.findall(out + err) == []
        assert all(line.startswith("zoo: ") for line in err.splitlines() if status)
        return out + err

    return run


def spec(home: Path, name: str, model: dict[str, Any], **parts: Any) -> Path:
    source = {"kind": "data.npy", "path": str(home / "win\x1b[2Jdows"), "layout": "c t", "subject": "subject"}
    phases = [{"name": "=warm up", "length": 1}, {"name": "everything"}]
    training = {"epochs": 2, "batch": 6, "phases": phases}
    data = {"source": source, "split": {"by": "class"}}
    path = home / f"{name}.json"
    path.write_text(json.dumps({"name": name, "model": model, "data": data, "training": training, **parts}))
    return path


def assert_text_alone(folder: Path) -> None:
    """Every page, drawing and table under ``folder`` is valid in its format, and shows all of its text."""
    pages, drawings, tables = ([*folder.rglob(f"*.{kind}")] for kind in ("html", "svg", "csv"))
    assert pages
    assert drawings
    assert tables
    for page in pages:
        text = page.read_text("utf-8")
        assert UNSEEN.findall(text.replace("\t", "")) == []
        for drawing in WHOLE.findall(text):
            ElementTree.fromstring(drawing)
    for drawing in drawings:
        ElementTree.parse(drawing)
        assert UNSEEN.findall(drawing.read_text("utf-8").replace("\t", "")) == []
    for table in tables:
        for row in csv.reader(table.read_text("utf-8").splitlines()):
            for cell in row:
                assert UNSEEN.findall(cell) == []
                assert cell[:1] not in ("=", "+", "-", "@") or np.isfinite(float(cell))


@pytest.fixture(scope="module")
def trained(home: Path) -> Path:
    """A classifier of raw signals and a model that it judges, both trained in ``home``."""
    assert main(["train", str(spec(home, "signal", {"head": {"kind": "wrn.signal", "depth": 10}})), "--out",
                 str(home / "runs" / "signal")]) == 0  # fmt: skip
    judged = spec(home, "shapes", REBUILT, evaluation={"judges": {"wrn": str(home / "runs" / "signal" / "bundle")}})
    assert main(["train", str(judged), "--out", str(home / "runs" / "shapes")]) == 0
    return home / "runs"


@pytest.mark.slow
def test_every_command_shows_names_as_text(home, trained, zoo):
    again = trained / "again\u202e"
    shutil.copytree(trained / "shapes", again)
    judged = home / "shapes.json"
    assert r"walk\x1b[2J" in zoo("data", judged)
    zoo("data", judged, "--json")
    zoo("check", judged)
    zoo("check", judged, "--json")
    zoo("train", judged, "--out", home / "runs" / "third")
    for run in (trained / "shapes", again, trained / "third"):
        assert r"walk\x1b[2J" in zoo("eval", run)
        zoo("codebook", run)
    zoo("eval", again, "--json", "--corrupt", "noise:.1")
    zoo("compare", trained / "shapes", again)
    zoo("compare", trained / "shapes", again, "--json")
    zoo("report", trained / "shapes", again)
    zoo("tokenize", again / "bundle", judged, "--out", home / "tokens\x1b.npz")
    zoo("train", judged, "--out", again, status=2)
    assert_text_alone(trained)
    assert "'=warm up" in (trained / "third" / "metrics.csv").read_text()


@pytest.mark.slow
def test_a_stored_result_with_hostile_names_shows_them_as_text(trained, zoo):
    run = trained / "foreign"
    shutil.copytree(trained / "shapes", run)
    zoo("eval", run)
    stored = run / "eval.json"
    hostile = stored.read_text().replace(r"walk\\x1b[2J", r"\u001b[2J\u0001\ufffe\ud800")
    assert hostile != stored.read_text()
    stored.write_text(hostile)
    zoo("report", run)
    assert_text_alone(run)
    assert r"\ud800" in (run / "report.html").read_text()


@pytest.mark.slow
def test_a_sweep_shows_names_as_text(home, zoo):
    run = spec(home, "swept", SHAPES)
    weights = "training.phases.1.weights"
    choices = {"=1+1": {weights: {"x": 1}}, "<b>-2": {weights: {"x": 2}}}
    sweep = home / "sweep.json"
    sweep.write_text(json.dumps({"name": "names", "run": str(run), "vary": {"what": {"choices": choices}}}))
    zoo("sweep", sweep, "--dry")
    assert "=1+1" in zoo("sweep", sweep, "--out", home / "swept")
    assert_text_alone(home / "swept")
    assert "'=1+1" in SweepFolder(home / "swept").table.read_text()


def test_names_in_specs_that_move_the_cursor_are_refused(home, zoo):
    run = json.loads(spec(home, "named", SHAPES).read_text())
    run["training"]["phases"][0]["name"] = "warm\x1b[2J"
    path = home / "named.json"
    path.write_text(json.dumps(run))
    assert "expected printable characters" in zoo("check", path, status=2)
    assert "expected printable characters" in zoo("train", path, "--out", home / "never\x1b", status=2)
    run["training"]["phases"][0]["name"] = "warm"
    choices = {"a\ufffe": {"training.epochs": 1}}
    path.write_text(json.dumps({"run": run, "vary": {"what": {"choices": choices}}}))
    assert "expected printable characters" in zoo("sweep", path, status=2)


def test_errors_show_names_as_text(home, zoo):
    for arguments in (
        ["check", home / "no\x1b[2J.json"],
        ["data", "ts:no\x1b]0;title\x07"],
        ["report", home / "no\u202erun"],
        ["show", "no.\x9b31m"],
        ["\x1b[2J"],
        ["train", spec(home, "late", SHAPES), "--set", "training.\x1b[2J=1"],
    ):
        zoo(*arguments, status=2)


def test_descriptions_of_a_plugin_are_shown_as_text(install, zoo):
    source = (Path(__file__).parents[1] / "registry" / "toy_plugin.py").read_text()
    install("toy", re.sub(r'"""(?=\w)', r'"""\\x1b[2JOwned\\x9b ', source))
    assert r"\x1b[2JOwned" in zoo("list")
    assert r"\x1b[2JOwned" in zoo("show", "toy.patches")
    zoo("show", "toy.patches", "--json")
    install("broken", "raise ImportError('\\x1b[2J')")
    zoo("list")
