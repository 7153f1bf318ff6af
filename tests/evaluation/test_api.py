"""The Python interface: what `import zoo` offers, and that it agrees with the commands."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
from zoo_registry import ModelSpec, RunSpec, SpecError

import zoo
from zoo.cli.main import main
from zoo.runs.folder import RunFolder


@pytest.fixture(scope="module")
def run(rebuilt: RunFolder) -> zoo.Run:
    return zoo.Run(rebuilt.path)


def test_everything_is_listed_documented_and_typed():
    assert dir(zoo) == sorted(zoo.__all__)
    for name in set(zoo.__all__) - {"__version__"}:
        found = getattr(zoo, name)
        assert inspect.getdoc(found), name
        for each in [found, *(vars(found).values() if name == "Run" else ())]:
            if inspect.isfunction(each):
                assert inspect.signature(each).return_annotation is not inspect.Signature.empty
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        zoo.trian  # noqa: B018


def test_importing_the_zoo_imports_no_torch():
    code = "import sys, zoo; zoo.components('head'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_components_are_those_of_the_command(capsys: pytest.CaptureFixture[str]):
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["components"]
    assert zoo.components() == {part["kind"]: part["summary"] for part in listed}
    assert set(zoo.components("head")) == {part["kind"] for part in listed if part["role"] == "head"}
    with pytest.raises(SpecError, match="did you mean 'head'"):
        zoo.components("heads")


def test_a_checked_spec_is_complete(run: zoo.Run):
    found = zoo.check(run.spec)
    assert isinstance(found, RunSpec)
    assert found == run.spec
    model = zoo.check({"input": {"channels": 3, "length": 50, "classes": 2}, "head": {"kind": "wrn.signal"}})
    assert isinstance(model, ModelSpec)
    assert model.head.depth == 16
    with pytest.raises(SpecError, match="did you mean 'depth'"):
        zoo.check({"head": {"kind": "wrn.signal", "dept": 3}})


def test_a_run_agrees_with_the_commands(run: zoo.Run, capsys: pytest.CaptureFixture[str]):
    assert main(["eval", str(run.path), "--json"]) == 0
    assert run.evaluate().model_dump(mode="json") == json.loads(capsys.readouterr().out)
    assert main(["codebook", str(run.path), "--json"]) == 0
    assert run.codebook().model_dump(mode="json") == json.loads(capsys.readouterr().out)
    found = run.findings()
    assert found.model_dump(mode="json") == json.loads((run.path / "findings.json").read_text())
    assert found.headline
    assert run.report() == run.path / "report.html"
    assert run.model.spec == zoo.load(run.path).spec == run.spec.model


def test_the_curves_of_a_run_are_numbers(run: zoo.Run):
    table = run.metrics
    assert list(table["epoch"]) == list(range(run.spec.training.epochs))
    assert table.drop(columns="phase").dtypes.map(lambda kind: kind.kind in "if").all()


def test_training_returns_a_run_that_resumes_where_it_stopped(judge: RunFolder, tmp_path: Path):
    spec = zoo.Run(judge.path).spec
    first = zoo.train(spec, tmp_path / "run", quiet=True)
    again = zoo.train(spec, tmp_path / "run", resume=True, quiet=True)
    assert first.path == again.path
    assert again.compare(first).same_data
    assert repr(again) == f"zoo.Run({str(tmp_path / 'run')!r})"
