"""`zoo train`, `zoo eval` and `--set` on the command line."""

import json

import numpy as np
import pytest
from zoo_registry import SpecError

from zoo.cli.main import main
from zoo.specs.overrides import apply_changes

SPEC = {
    "name": "tiny",
    "model": {"head": {"kind": "wrn.signal", "depth": 10}},
    "data": {"source": {"kind": "data.npy", "path": "windows", "layout": "c t"}},
    "training": {"epochs": 3, "batch": 8},
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with a run spec and its data."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    (tmp_path / "windows").mkdir()
    for split, count in (("train", 24), ("test", 8)):
        np.save(tmp_path / f"windows/X_{split}.npy", rng.normal(size=(count, 2, 32)).astype(np.float32))
        np.save(tmp_path / f"windows/y_{split}.npy", np.arange(count) % 2)
    (tmp_path / "run.json").write_text(json.dumps(SPEC))
    return tmp_path


@pytest.fixture
def moved(here, monkeypatch):
    """A trained run whose data have moved, seen from another working directory."""
    assert main(["train", "run.json", "--set", "training.epochs=1"]) == 0
    (here / "windows").rename(here / "data")
    (here / "other").mkdir()
    monkeypatch.chdir(here / "other")
    return ["../runs/tiny", "--set", "data.source.path=../data"]


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    return line


def test_train_then_eval_as_json(here, capsys):
    assert main(["train", "run.json", "--set", "training.epochs=1"]) == 0
    assert json.loads((here / "runs/tiny/run.json").read_text())["run"]["training"]["epochs"] == 1
    capsys.readouterr()
    assert main(["eval", "runs/tiny", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["windows"] == 8
    assert report["majority"] == {"name": "0", "correct": 4, "total": 8, "accuracy": 0.5}
    assert sum(map(sum, report["scores"][0]["confusion"])) == 8
    assert main(["eval", "runs/tiny"]) == 0
    assert "majority class (0)" in capsys.readouterr().out
    assert main(["check", "runs/tiny"]) == 0


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["train", "run.json", "--set", "training.epoch=1"], "did you mean 'epochs'"),
        (["train", "run.json", "--set", "training.epochs"], "PATH=VALUE"),
        (["train", "run.json", "--set", "training.epochs.deep=1"], "training.epochs.deep"),
        (["train", "run.json", "--set", "data.source.path=nowhere"], "nowhere"),
        (["train", "run.json", "--set", "training.phases=[{\"weights\": {\"x\": 1}}]"], "'x'"),
        (["train", "run.json", "--set", "training.select=x"], "a decoder for 'x'"),
        (["train", "nothing.json"], "no such file"),
        (["eval", "runs/nothing"], "zoo train"),
        (["eval", "runs/nothing", "--split", "train"], "split"),
    ],
)  # fmt: skip
def test_mistakes_give_one_line_and_status_2(here, capsys, arguments, part):
    assert main(arguments) == 2
    assert part in complaint(capsys)
    assert not (here / "runs").exists()


def test_setting_a_field_of_an_omitted_part_changes_its_default():
    complete = {"training": {"optimizer": {"kind": "adamw", "lr": 0.001}, "phases": [{"length": 1}]}}
    assert apply_changes({}, ["training.optimizer.lr=0.1"], complete)["training"]["optimizer"] == {
        "kind": "adamw",
        "lr": 0.1,
    }
    changed = apply_changes({}, ["training.phases.0.name=warm up"], complete)
    assert changed["training"]["phases"] == [{"length": 1, "name": "warm up"}]
    assert complete["training"]["phases"] == [{"length": 1}]
    with pytest.raises(SpecError, match="a list of 1"):
        apply_changes({}, ["training.phases.3.name=x"], complete)


@pytest.mark.parametrize("command", [["eval"], ["report"], ["compare", "../runs/tiny"]])
def test_a_run_is_judged_wherever_its_data_are_now(moved, capsys, command):
    capsys.readouterr()
    assert main([*command, moved[0]]) == 2
    assert "give the present location of its data: --set data.source.path=PLACE" in complaint(capsys)
    assert main([*command, *moved]) == 0


def test_a_run_resumes_after_its_data_moved(moved, capsys):
    assert main(["train", *moved, "--resume"]) == 0
    capsys.readouterr()
    assert main(["train", *moved, "--resume", "--set", "training.epochs=7"]) == 2
    assert "training.epochs: expected 1, as it was started, found 7" in complaint(capsys)


def test_other_data_are_not_accepted_in_place_of_moved_data(moved, here, capsys):
    x = np.load(here / "data" / "X_test.npy")
    np.save(here / "data" / "X_test.npy", x + 1)
    capsys.readouterr()
    assert main(["eval", *moved]) == 2
    assert "the data it was trained on, found other data there" in complaint(capsys)


def test_only_the_path_of_the_data_may_change_in_a_trained_run(moved, capsys):
    capsys.readouterr()
    assert main(["eval", moved[0], "--set", "data.split.seed=3"]) == 2
    assert "--set data.split.seed=3: expected a field of data.source" in complaint(capsys)


def test_check_sets_fields_as_train_does(here, capsys):
    assert main(["check", "run.json", "--set", "training.epochs=7"]) == 0
    assert "7 epochs" in capsys.readouterr().out
    assert main(["check", "run.json", "--set", "training.epochs=none"]) == 2
    assert "training.epochs" in complaint(capsys)


def test_a_resumed_run_no_longer_needs_the_source_of_its_weights(here, capsys):
    assert main(["train", "run.json", "--set", "training.epochs=1", "--out", "runs/first"]) == 0
    arguments = ["train", "run.json", "--set", 'transfer=[{"source": "runs/first"}]', "--set", "training.epochs=1"]
    assert main(arguments) == 0
    (here / "runs/first").rename(here / "runs/gone")
    assert main([*arguments, "--resume"]) == 0
    capsys.readouterr()
    assert main([*arguments, "--out", "runs/other"]) == 2
    assert "runs/first" in complaint(capsys)
