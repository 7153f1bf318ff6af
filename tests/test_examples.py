"""Every example is valid, and the one with data in the package can be trained."""

from pathlib import Path

import pytest

from zoo.cli.main import main

EXAMPLES = Path(__file__).parents[1] / "examples"
SWEEPS = sorted(EXAMPLES.glob("sweep_*.json"))


@pytest.mark.parametrize("path", sorted({*EXAMPLES.glob("*.json")} - {*SWEEPS}), ids=lambda path: path.stem)
def test_an_example_passes_the_check(path, capsys):
    assert main(["check", str(path)]) == 0
    assert "vqshape.encoder" in capsys.readouterr().out


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_point_of_an_example_sweep_is_valid(path, capsys):
    assert main(["sweep", str(path), "--dry"]) == 0
    assert "runs" in capsys.readouterr().out


@pytest.mark.slow
def test_the_joint_example_trains_and_is_evaluated(tmp_path, capsys):
    spec, out = str(EXAMPLES / "basic_motions_joint.json"), str(tmp_path / "run")
    short = ["training.epochs=2", "training.phases.0.length=1", "training.phases.1.length=1"]
    short.append("training.phases.1.weights.ce.over=1")
    assert main(["train", spec, "--out", out, *(part for change in short for part in ("--set", change))]) == 0
    assert main(["eval", out]) == 0
    printed = capsys.readouterr().out
    assert "majority class" in printed
    assert "low-pass" in printed
